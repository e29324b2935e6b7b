// Physical memory that lies in the WebAssembly memory: RAM, and later flash.

import {
  PAGE_CLEAN,
  PAGE_FLAGS,
  RAM,
  REGION_BASE,
  REGION_FLAGS,
  REGION_HOST,
  REGION_READ_ONLY,
  REGION_SIZE,
  REGIONS,
} from '../layout';
import { firstWrite } from './env';

/** Host address of a PA, 0 when it is no memory. The only place that knows what memory is. */
export function hostAddress(pa: u64): u32 {
  const first = pa - load<u64>(REGIONS + REGION_BASE);
  if (first < load<u64>(REGIONS + REGION_SIZE)) return u32(first) + load<u32>(REGIONS + REGION_HOST);
  return otherRegion(pa);
}

function otherRegion(pa: u64): u32 {
  for (let region: usize = REGIONS + 32; load<u64>(region + REGION_SIZE) != 0; region += 32) {
    const offset = pa - load<u64>(region + REGION_BASE);
    if (offset < load<u64>(region + REGION_SIZE)) return u32(offset) + load<u32>(region + REGION_HOST);
  }
  return 0;
}

/** Memory that takes no plain stores (flash): a store goes to the device behind it. */
export function isReadOnly(pa: u64): bool {
  for (let region: usize = REGIONS; load<u64>(region + REGION_SIZE) != 0; region += 32) {
    const offset = pa - load<u64>(region + REGION_BASE);
    if (offset < load<u64>(region + REGION_SIZE)) return (load<u32>(region + REGION_FLAGS) & REGION_READ_ONLY) != 0;
  }
  return false;
}

/** Index of the page that holds a host address, for PAGE_FLAGS and PAGE_RECORDS. */
export function pageIndex(host: u32): u32 {
  return (host - RAM) >> 12;
}

export function pageFlags(page: u32): u32 {
  return load<u8>(PAGE_FLAGS + page);
}

/** Has the page copied for the last snapshot before it changes. */
export function beforeWrite(page: u32): void {
  const flags = pageFlags(page);
  if ((flags & PAGE_CLEAN) == 0) return;
  firstWrite(page);
  store<u8>(PAGE_FLAGS + page, load<u8>(PAGE_FLAGS + page) & ~PAGE_CLEAN);
}
