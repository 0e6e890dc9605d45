// What was captured on a wire: the frames of a file that tcpdump wrote, and what is in them.

/** A pcap file (RFC draft-ietf-opsawg-pcap), little-endian as written here; Ethernet frames. */
export function packets(file) {
  if (file.readUInt32LE(0) !== 0xa1b2c3d4) throw new Error('no pcap file');
  const found = [];
  for (let at = 24; at < file.length;) {
    const size = file.readUInt32LE(at + 8);
    found.push(file.subarray(at + 16, at + 16 + size));
    at += 16 + size;
  }
  return found;
}

/** What the program itself put in: the payload of UDP and TCP. */
export function payload(frame) {
  const type = frame.readUInt16BE(12);
  const six = type === 0x86dd;
  if (type !== 0x0800 && !six) return Buffer.alloc(0);
  const protocol = six ? frame[20] : frame[23];
  const at = 14 + (six ? 40 : (frame[14] & 15) * 4);
  const end = 14 + (six ? 40 + frame.readUInt16BE(18) : frame.readUInt16BE(16));
  if (protocol === 17) return frame.subarray(at + 8, end);
  if (protocol === 6) return frame.subarray(at + (frame[at + 12] >> 4) * 4, end);
  return Buffer.alloc(0);
}
export const payloads = (frames) => frames.map(payload).filter((bytes) => bytes.length > 0);

/** Of TCP: {from, to}, ports; {seq}, of its first byte; {isFirst}: it opens the connection. null of
 * anything else. */
export function segment(frame) {
  const six = frame.readUInt16BE(12) === 0x86dd;
  if (frame[six ? 20 : 23] !== 6 || (!six && frame.readUInt16BE(12) !== 0x0800)) return null;
  const at = 14 + (six ? 40 : (frame[14] & 15) * 4);
  const [SYN, ACK] = [2, 16], flags = frame[at + 13];
  return { from: frame.readUInt16BE(at), to: frame.readUInt16BE(at + 2),
    seq: frame.readUInt32BE(at + 4), isFirst: (flags & (SYN | ACK)) === SYN };
}

/** The sender's port, of UDP and TCP. */
export const port = (frame) => frame.readUInt16BE(frame.readUInt16BE(12) === 0x86dd ? 54 : 34);
