/** Items pushed by callbacks, to iterate over as they arrive. */
export function createQueue<T>() {
  const waiting: T[] = []
  let over = false
  let wake = () => {}
  return {
    push(item: T) {
      waiting.push(item)
      wake()
    },
    end() {
      over = true
      wake()
    },
    async *items(): AsyncGenerator<T> {
      for (;;) {
        // Also what comes while the reader is at work, up to the last item before the end.
        while (waiting.length > 0) yield* waiting.splice(0)
        if (over) return
        await new Promise<void>((resolve) => {
          wake = resolve
          if (over || waiting.length > 0) resolve()
        })
      }
    },
  }
}
