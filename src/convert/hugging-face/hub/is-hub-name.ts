/** Whether a path may be the name of a model on the hub: OWNER/NAME. */
export function isHubName(path: string): boolean {
  return /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/.test(path)
}
