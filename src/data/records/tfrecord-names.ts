/** Names of GPT-Neo's TFRecord files: they end in the number of records, which lets a resume skip whole files. */

/** `NAME_NUMBER_COUNT.tfrecords`. GPT-Neo puts the process between number and count; only the count has a meaning. */
export function tfrecordName(name: string, number: number, count: number): string {
  return `${name}_${number}_${count}.tfrecords`
}

/** The name that create_tfrecords gives: with the process number, but for the last file, unless it is full. */
export function createTfrecordsName(name: string, number: number, count: number, full: boolean): string {
  return full ? `${name}_${number}_0_${count}.tfrecords` : tfrecordName(name, number, count)
}

/** The record count that a name states, if it does. Source: gpt-neo inputs.py (_get_number_of_documents). */
export function countInName(name: string): number | undefined {
  const match = /_(\d+).tfrecords$/.exec(name)
  return match === null ? undefined : Number(match[1])
}
