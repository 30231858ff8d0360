/** Numbers that the thread which runs cells shares with the one that receives interrupts and input. */

/** Indices of the shared numbers. */
export const FLAGS = {
  /** Interrupts so far. */
  requested: 0,
  /** Interrupts that the main thread's event loop has received. */
  acknowledged: 1,
  /** The last one for which a check in a cell has thrown. */
  thrown: 2,
  /** Above 0 while the main thread runs code that must not be terminated: the kernel's. */
  protected: 3,
  /** State of a request for input; see INPUT. */
  input: 4,
  /** 1 while the cell's code holds a signal that the next interrupt aborts: such code is not terminated. */
  signal: 5,
}

export const INPUT = { waiting: 0, received: 1, interrupted: 2 }
