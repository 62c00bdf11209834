import Cryptography

/// The codes of what goes one way over a link, in order: a frame that is left out, repeated or moved has none that fits. One
/// thread at a time.
package struct FrameSeal: ~Copyable {
  package static let byteCount = GMAC.byteCount

  private var mac: GMAC
  private var number: UInt64 = 0

  init(key: [UInt8]) { mac = GMAC(key: key) }

  /// Writes the code of the next message, which lies in two pieces.
  mutating func seal(
    _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
    to code: UnsafeMutableRawPointer
  ) {
    begin(first, second)
    mac.finish(to: code)
  }

  /// Whether `code` is the one of the next message.
  mutating func opens(
    _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
    with code: UnsafeRawPointer
  ) -> Bool {
    begin(first, second)
    return mac.finish(matches: code)
  }

  private mutating func begin(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) {
    mac.begin(number)
    number += 1
    mac.update(first)
    mac.update(second)
  }
}
