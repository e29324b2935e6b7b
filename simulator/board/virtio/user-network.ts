/**
 * The network that a guest finds: 10.0.2.0/24 with a router that answers ARP (RFC 826), DHCP (RFC 2131) and ping
 * (RFC 792), and nothing beyond it. A function from a frame to its answer, without state.
 */

export const GUEST_MAC = Uint8Array.of(0x52, 0x54, 0x00, 0x12, 0x34, 0x56);
const ROUTER_MAC = Uint8Array.of(0x52, 0x55, 0x0a, 0x00, 0x02, 0x02);
const NETWORK = [10, 0, 2] as const;
const ROUTER = Uint8Array.of(...NETWORK, 2);
const NAME_SERVER = Uint8Array.of(...NETWORK, 3);
const GUEST = Uint8Array.of(...NETWORK, 15);
const MASK = Uint8Array.of(255, 255, 255, 0);
const BROADCAST = Uint8Array.of(255, 255, 255, 255);
const LEASE_SECONDS = 86_400;

const ETHERNET = 14;
const IP_HEADER = 20;
const UDP_HEADER = 8;
const TYPE_IP = 0x0800;
const TYPE_ARP = 0x0806;
const ICMP = 1;
const UDP = 17;
const DHCP_SERVER = 67;
const DHCP_CLIENT = 68;
const DHCP_FIXED = 236;
const DHCP_COOKIE = 0x63825363;
const [DISCOVER, OFFER, REQUEST, ACK] = [1, 2, 3, 5];

/** The router's answer to a frame of the guest; undefined when it has none. */
export function answerFrame(frame: Uint8Array): Uint8Array | undefined {
  if (frame.length < ETHERNET) return undefined;
  const type = (frame[12] << 8) | frame[13];
  const sender = frame.subarray(6, 12);
  if (type === TYPE_ARP) return answerArp(frame, sender);
  return type === TYPE_IP ? answerIp(frame, sender) : undefined;
}

function ethernet(to: Uint8Array, type: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(Math.max(60, ETHERNET + payload.length));
  frame.set(to);
  frame.set(ROUTER_MAC, 6);
  frame.set([type >> 8, type & 0xff], 12);
  frame.set(payload, ETHERNET);
  return frame;
}

function isServed(address: Uint8Array): boolean {
  return equal(address, ROUTER) || equal(address, NAME_SERVER);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function answerArp(frame: Uint8Array, sender: Uint8Array): Uint8Array | undefined {
  const arp = frame.subarray(ETHERNET, ETHERNET + 28);
  const wanted = arp.subarray(24, 28);
  if (arp.length < 28 || arp[7] !== 1 || !isServed(wanted)) return undefined;
  const reply = arp.slice();
  reply[7] = 2;
  reply.set(ROUTER_MAC, 8);
  reply.set(wanted, 14);
  reply.set(arp.subarray(8, 18), 18);
  return ethernet(sender, TYPE_ARP, reply);
}

function answerIp(frame: Uint8Array, sender: Uint8Array): Uint8Array | undefined {
  const ip = frame.subarray(ETHERNET);
  if (ip.length < IP_HEADER || ip[0] >> 4 !== 4) return undefined;
  const header = (ip[0] & 15) * 4;
  const total = (ip[2] << 8) | ip[3];
  if (header < IP_HEADER || total < header || total > ip.length) return undefined;
  const payload = ip.subarray(header, total);
  const from = ip.subarray(12, 16);
  const to = ip.subarray(16, 20);
  if (ip[9] === ICMP && isServed(to) && payload.length >= 8 && payload[0] === 8) {
    const reply = payload.slice();
    reply.set([0, 0, 0, 0]);
    put16(reply, 2, checksum(reply));
    return ethernet(sender, TYPE_IP, packet(ICMP, to, from, reply));
  }
  if (ip[9] === UDP && payload.length >= UDP_HEADER && ((payload[2] << 8) | payload[3]) === DHCP_SERVER) {
    const reply = answerDhcp(payload.subarray(UDP_HEADER));
    if (reply === undefined) return undefined;
    const udp = new Uint8Array(UDP_HEADER + reply.length);
    put16(udp, 0, DHCP_SERVER);
    put16(udp, 2, DHCP_CLIENT);
    put16(udp, 4, udp.length); // The checksum may be left out.
    udp.set(reply, UDP_HEADER);
    return ethernet(sender, TYPE_IP, packet(UDP, ROUTER, BROADCAST, udp));
  }
  return undefined;
}

function packet(protocol: number, from: Uint8Array, to: Uint8Array, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(IP_HEADER + payload.length);
  bytes[0] = 0x45;
  put16(bytes, 2, bytes.length);
  bytes[8] = 64; // TTL
  bytes[9] = protocol;
  bytes.set(from, 12);
  bytes.set(to, 16);
  put16(bytes, 10, checksum(bytes.subarray(0, IP_HEADER)));
  bytes.set(payload, IP_HEADER);
  return bytes;
}

function answerDhcp(request: Uint8Array): Uint8Array | undefined {
  if (request.length < DHCP_FIXED + 4 || request[0] !== 1) return undefined;
  const view = new DataView(request.buffer, request.byteOffset, request.length);
  if (view.getUint32(DHCP_FIXED) !== DHCP_COOKIE) return undefined;
  const kind = dhcpMessageType(request);
  if (kind !== DISCOVER && kind !== REQUEST) return undefined;
  const options = [
    ...[53, 1, kind === DISCOVER ? OFFER : ACK],
    ...[54, 4, ...ROUTER],
    ...[51, 4, LEASE_SECONDS >>> 24, (LEASE_SECONDS >>> 16) & 0xff, (LEASE_SECONDS >>> 8) & 0xff, LEASE_SECONDS & 0xff],
    ...[1, 4, ...MASK],
    ...[3, 4, ...ROUTER],
    ...[6, 4, ...NAME_SERVER],
    255,
  ];
  const reply = new Uint8Array(Math.max(300, DHCP_FIXED + 4 + options.length));
  reply.set([2, 1, 6, 0]);
  reply.set(request.subarray(4, 8), 4); // transaction
  reply.set(request.subarray(10, 12), 10); // flags
  reply.set(GUEST, 16);
  reply.set(ROUTER, 20);
  reply.set(request.subarray(28, 44), 28); // hardware address
  new DataView(reply.buffer).setUint32(DHCP_FIXED, DHCP_COOKIE);
  reply.set(options, DHCP_FIXED + 4);
  return reply;
}

function dhcpMessageType(request: Uint8Array): number | undefined {
  for (let at = DHCP_FIXED + 4; at < request.length && request[at] !== 255; ) {
    if (request[at] === 0) at++;
    else if (request[at] === 53) return request[at + 2];
    else at += 2 + (request[at + 1] ?? 0);
  }
  return undefined;
}

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

/** The Internet checksum (RFC 1071). */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
