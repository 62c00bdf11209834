import CGnuTLS

/// A keyed code for each of a row of numbered messages: proves that its maker knew the key, and which message it is. Fast: no
/// byte is ciphered. One thread at a time.
///
/// No two messages of one key may have one number; so the ways of a link have keys of their own.
///
/// - Source: NIST SP 800-38D (AES-128-GCM over data that is authenticated and not ciphered); computed by GnuTLS, and the
///   products by `GaloisHash` where the processor can.
public struct GMAC: ~Copyable {
  public static let keyBytes = 16
  public static let byteCount = 16
  private static let nonceBytes = 12

  /// Whether this processor multiplies four blocks at once.
  package static var isWide: Bool { GaloisHash.runs }

  private let handle: gnutls_cipher_hd_t
  /// The nonce, then what of the message does not fill a block yet, then the code: 12, 16 and 16 bytes from multiples of 16.
  private let room: UnsafeMutableRawPointer
  private var waiting = 0
  /// Of the message in hand.
  private var length = 0
  /// nil: GnuTLS takes all bytes.
  private var hash: GaloisHash?

  /// - Parameter key: Of `keyBytes`.
  public init(key: [UInt8]) { self.init(key: key, usesLibrary: false) }

  /// - Parameters:
  ///   - key: Of `keyBytes`.
  ///   - usesLibrary: Leaves all to GnuTLS, whatever the processor can: to the same bits.
  package init(key: [UInt8], usesLibrary: Bool) {
    precondition(key.count == Self.keyBytes, "a key of \(key.count) bytes; AES-128 takes \(Self.keyBytes)")
    let room = UnsafeMutableRawPointer.allocate(byteCount: 48, alignment: 16)
    room.initializeMemory(as: UInt8.self, repeating: 0, count: 48)
    var handle: gnutls_cipher_hd_t?
    var code: Int32 = -1
    hash = usesLibrary ? nil : GaloisHash(key: key)
    var key = key
    key.withUnsafeMutableBufferPointer { key in
      var datum = gnutls_datum_t(data: key.baseAddress, size: UInt32(key.count))
      var nonce = gnutls_datum_t(
        data: room.assumingMemoryBound(to: UInt8.self), size: UInt32(Self.nonceBytes))
      code = gnutls_cipher_init(&handle, GNUTLS_CIPHER_AES_128_GCM, &datum, &nonce)
    }
    guard code == 0, let handle else { preconditionFailure("GnuTLS has no AES-128-GCM: code \(code)") }
    self.handle = handle
    self.room = room
  }

  deinit {
    gnutls_cipher_deinit(handle)
    room.deallocate()
  }

  /// Begins the message of that number.
  public mutating func begin(_ number: UInt64) {
    room.storeBytes(of: number.littleEndian, as: UInt64.self)
    (waiting, length) = (0, 0)
    hash?.begin()
    gnutls_cipher_set_iv(handle, room, Self.nonceBytes)
  }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard var next = bytes.baseAddress else { return }
    length += bytes.count
    var left = bytes.count
    // The library fills a piece's last block up: only the message's last piece may have an open one.
    if waiting > 0 {
      let count = min(left, 16 - waiting)
      (room + 16 + waiting).copyMemory(from: next, byteCount: count)
      (waiting, left, next) = (waiting + count, left - count, next + count)
      guard waiting == 16 else { return }
      add(UnsafeRawPointer(room + 16), 16)
      waiting = 0
    }
    let whole = left & ~15
    if whole > 0 { add(next, whole) }
    waiting = left - whole
    if waiting > 0 { (room + 16).copyMemory(from: next + whole, byteCount: waiting) }
  }

  /// Ends the message and writes its code, `byteCount` bytes.
  public mutating func finish(to code: UnsafeMutableRawPointer) {
    if waiting > 0 {
      // The hash is of whole blocks; the library fills the last one up itself.
      (room + 16 + waiting).initializeMemory(as: UInt8.self, repeating: 0, count: 16 - waiting)
      add(UnsafeRawPointer(room + 16), hash == nil ? waiting : 16)
    }
    // To the library the message is empty where the hash has taken it: what is left is the nonce's part of the code.
    let result = gnutls_cipher_tag(handle, code, Self.byteCount)
    precondition(result == 0, "AES-128-GCM gave no code: GnuTLS code \(result)")
    hash?.finish(length: length, addingTo: code)
  }

  /// Ends the message.
  ///
  /// - Returns: Whether `code` is its code; in a time that does not depend on where they differ.
  public mutating func finish(matches code: UnsafeRawPointer) -> Bool {
    finish(to: room + 32)
    var difference: UInt8 = 0
    let own = UnsafeRawBufferPointer(start: room + 32, count: Self.byteCount)
    for (place, byte) in own.enumerated() { difference |= byte ^ code.load(fromByteOffset: place, as: UInt8.self) }
    return difference == 0
  }

  private mutating func add(_ bytes: UnsafeRawPointer, _ count: Int) {
    if hash != nil {
      hash?.add(bytes, count)
      return
    }
    let result = gnutls_cipher_add_auth(handle, bytes, count)
    precondition(result == 0, "AES-128-GCM took no \(count) bytes: GnuTLS code \(result)")
  }
}
