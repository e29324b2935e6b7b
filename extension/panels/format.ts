// Numbers as the panels show them.

let format: Intl.NumberFormat | undefined;

/** `1,234,567`, the same everywhere. Made when it is used first: it costs more than the rest of the activation. */
export function count(value: number): string {
  format ??= new Intl.NumberFormat('en-US');
  return format.format(value);
}

/** A size in binary units, such as `2 MB`; in bytes where no unit divides it. */
export function formatSize(bytes: bigint): string {
  let size = bytes;
  for (const unit of ['bytes', 'KB', 'MB', 'GB', 'TB']) {
    if (size % 1024n !== 0n || size === 0n || unit === 'TB') return `${size} ${unit}`;
    size /= 1024n;
  }
  return `${bytes} bytes`;
}

/** An address, at least eight digits, so that columns of them line up. */
export function formatAddress(address: bigint): string {
  return `0x${address.toString(16).padStart(address >= 1n << 32n ? 12 : 8, '0')}`;
}

/** A duration in modelled time, with three digits, such as `1.25 ms`. */
export function formatDuration(nanoseconds: number): string {
  let value = nanoseconds;
  for (const unit of ['ns', 'µs', 'ms']) {
    if (value < 1000) return `${Number(value.toPrecision(3))} ${unit}`;
    value /= 1000;
  }
  return `${value < 1000 ? Number(value.toPrecision(3)) : Math.round(value)} s`;
}
