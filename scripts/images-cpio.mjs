// Writes a cpio archive in the "newc" format, the one that Linux unpacks as an initramfs (Linux documentation,
// "initramfs buffer format"). Equal input gives equal bytes: times are 0 and inode numbers count up.

const TYPE = { file: 0o100000, folder: 0o040000, link: 0o120000, device: 0o020000 };

function padded(bytes) {
  const rest = bytes.length % 4;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(4 - rest)]);
}

function record(inode, entry) {
  const name = Buffer.from(`${entry.name}\0`);
  const data = Buffer.from(entry.data ?? '');
  const [major, minor] = entry.device ?? [0, 0];
  const fields = [
    inode,
    (TYPE[entry.type] ?? 0) | (entry.mode ?? 0),
    0, // user
    0, // group
    1, // links
    0, // time
    data.length,
    0, // major number of the file system's device
    0, // and its minor number
    major,
    minor,
    name.length,
    0, // checksum, not in this variant
  ];
  const header = `070701${fields.map(field => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(data)]);
}

/**
 * An archive of entries `{ name, type, mode, data, device }`: type is `file`, `folder`, `link` (data is its target) or
 * `device` (a character device, `device` is [major, minor]).
 */
export function cpio(entries) {
  const records = entries.map((entry, index) => record(index + 1, entry));
  return Buffer.concat([...records, record(0, { name: 'TRAILER!!!' })]);
}
