import type { Rows } from './row.js'
import { longs } from './writer.js'

/** Parts of tensors, and tensors put together from parts. */
export const INDEXING: Rows<
  'slice' | 'pad' | 'concat' | 'dynamicSlice' | 'dynamicUpdateSlice' | 'take' | 'scatterAdd'
> = {
  slice: ({
    writer,
    node: {
      inputs: [x],
    },
    inputs,
    attributes: { axis, start, size },
    out,
  }) => {
    const starts = x.dims.map((_, i) => (i === axis ? start : 0))
    const limits = x.dims.map((dim, i) => (i === axis ? start + size : dim.size))
    return [
      writer.op(
        'slice',
        inputs,
        [x],
        out,
        `start_indices = ${longs(starts)}, limit_indices = ${longs(limits)}, strides = ${longs(x.dims.map(() => 1))}`,
      ),
    ]
  },
  pad: ({ writer, node, inputs, attributes: { axis, before, after }, out }) => {
    const at = (amount: number) => longs(out.dims.map((_, i) => (i === axis ? amount : 0)))
    return [
      writer.op(
        'pad',
        inputs,
        node.inputs,
        out,
        `edge_padding_low = ${at(before)}, edge_padding_high = ${at(after)}, interior_padding = ${at(0)}`,
      ),
    ]
  },
  concat: ({ writer, node, inputs, attributes: { axis }, out }) => [
    writer.op('concatenate', inputs, node.inputs, out, `dimension = ${axis} : i64`),
  ],
  dynamicSlice: ({
    writer,
    node: {
      inputs: [x, start],
    },
    inputs: [name, at],
    attributes: { axis },
    out,
  }) => {
    const zero = writer.constant('0', start)
    const starts = x.dims.map((_, i) => (i === axis ? at : zero))
    return [
      writer.op(
        'dynamic_slice',
        [name, ...starts],
        [x, ...x.dims.map(() => start)],
        out,
        `slice_sizes = ${longs(out.dims.map(({ size }) => size))}`,
      ),
    ]
  },
  dynamicUpdateSlice: ({
    writer,
    node: {
      inputs: [x, update, start],
    },
    inputs: [name, value, at],
    attributes: { axis },
    out,
  }) => {
    const zero = writer.constant('0', start)
    const starts = x.dims.map((_, i) => (i === axis ? at : zero))
    return [writer.op('dynamic_update_slice', [name, value, ...starts], [x, update, ...x.dims.map(() => start)], out)]
  },
  take: ({
    writer,
    node: {
      inputs: [x, ids],
    },
    inputs,
    attributes: { axis },
    out,
  }) => {
    const window = out.dims.map((_, i) => i).filter((i) => i < axis || i >= axis + ids.dims.length)
    const sizes = x.dims.map(({ size }, i) => (i === axis ? 1 : size))
    return [
      writer.op(
        'gather',
        inputs,
        [x, ids],
        out,
        `dimension_numbers = #stablehlo.gather<offset_dims = [${window}], collapsed_slice_dims = [${axis}], start_index_map = [${axis}], ` +
          `index_vector_dim = ${ids.dims.length}>, slice_sizes = ${longs(sizes)}`,
      ),
    ]
  },
  scatterAdd: ({
    writer,
    node: {
      inputs: [x, ids, updates],
    },
    inputs,
    attributes: { axis },
    out,
  }) => {
    const window = updates.dims.map((_, i) => i).filter((i) => i < axis || i >= axis + ids.dims.length)
    return [
      writer.region(
        'scatter',
        inputs,
        [x, ids, updates],
        [out],
        (region) => region.binary('add', x.dtype),
        `indices_are_sorted = false, unique_indices = false, scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [${window}], ` +
          `inserted_window_dims = [${axis}], scatter_dims_to_operand_dims = [${axis}], index_vector_dim = ${ids.dims.length}>`,
      )[0],
    ]
  },
}
