// Whether a host can be reached from this machine alone; a name that is not sure to be does not count as such.

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}
