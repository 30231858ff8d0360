/** Small partitioned programs, by hand, with what is to be counted in them. */

/** x w over `turns` turns of a loop, the sum over k split over tp: a product and an all-reduce along tp a turn. */
export const reducedInALoop = (dp: number, tp: number, turns: number) => {
  const x = 'tensor<8x16xf32>'
  const w = 'tensor<16x16xf32>'
  return `module @loop attributes {mhlo.num_partitions = ${dp * tp} : i32, mhlo.num_replicas = 1 : i32} {
  sdy.mesh @mesh = <["dp"=${dp}, "tp"=${tp}]>
  func.func public @main(
      %x: ${x} {sdy.sharding = #sdy.sharding<@mesh, [{"dp"}, {}]>},
      %w: ${w} {sdy.sharding = #sdy.sharding<@mesh, [{"tp"}, {}]>})
      -> (${x} {sdy.sharding = #sdy.sharding<@mesh, [{"dp"}, {}]>}) {
    %zero = stablehlo.constant dense<0> : tensor<i32>
    %one = stablehlo.constant dense<1> : tensor<i32>
    %turns = stablehlo.constant dense<${turns}> : tensor<i32>
    %r:2 = "stablehlo.while"(%zero, %x) ({
      ^bb0(%i: tensor<i32>, %y: ${x}):
      %more = stablehlo.compare LT, %i, %turns : (tensor<i32>, tensor<i32>) -> tensor<i1>
      "stablehlo.return"(%more) : (tensor<i1>) -> ()
    }, {
      ^bb0(%i: tensor<i32>, %y: ${x}):
      %next = stablehlo.add %i, %one : tensor<i32>
      %split = sdy.sharding_constraint %y <@mesh, [{"dp"}, {"tp"}]> : ${x}
      %z = stablehlo.dot_general %split, %w, contracting_dims = [1] x [0] : (${x}, ${w}) -> ${x}
      %whole = sdy.sharding_constraint %z <@mesh, [{"dp"}, {}]> : ${x}
      "stablehlo.return"(%next, %whole) : (tensor<i32>, ${x}) -> ()
    }) : (tensor<i32>, ${x}) -> (tensor<i32>, ${x})
    func.return %r#1 : ${x}
  }
}`
}

/** f32[64,32] laid out so, and then so; entries as in `{"x"}`. */
export const relaid = (mesh: string, devices: number, from: string, to: string) => `module @relaid attributes {
    mhlo.num_partitions = ${devices} : i32, mhlo.num_replicas = 1 : i32} {
  sdy.mesh @mesh = <[${mesh}]>
  func.func public @main(%x: tensor<64x32xf32> {sdy.sharding = #sdy.sharding<@mesh, [${from}]>})
      -> (tensor<64x32xf32> {sdy.sharding = #sdy.sharding<@mesh, [${to}]>}) {
    %y = stablehlo.add %x, %x : tensor<64x32xf32>
    func.return %y : tensor<64x32xf32>
  }
}`
