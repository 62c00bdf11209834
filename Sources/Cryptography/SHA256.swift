import CGnuTLS

/// A SHA-256 digest in the making: bytes go in piece by piece, 32 bytes come out. One thread at a time.
///
/// - Source: FIPS 180-4; computed by GnuTLS.
public struct SHA256: ~Copyable {
  public static let byteCount = 32

  private let handle: gnutls_hash_hd_t

  public init() {
    var handle: gnutls_hash_hd_t?
    let code = gnutls_hash_init(&handle, GNUTLS_DIG_SHA256)
    guard code == 0, let handle else { preconditionFailure("GnuTLS has no SHA-256: code \(code)") }
    self.handle = handle
  }

  deinit { gnutls_hash_deinit(handle, nil) }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 0 else { return }
    let code = gnutls_hash(handle, bytes.baseAddress, bytes.count)
    precondition(code == 0, "SHA-256 of \(bytes.count) bytes failed: code \(code)")
  }

  public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  public mutating func update(_ text: String) {
    var text = text
    text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
  }

  /// The digest of all that was put in; 32 bytes.
  public consuming func finish() -> [UInt8] {
    let handle = self.handle
    return [UInt8](unsafeUninitializedCapacity: Self.byteCount) { digest, count in
      gnutls_hash_output(handle, digest.baseAddress)
      count = Self.byteCount
    }
  }

  public static func digest(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finish()
  }

  public static func digest(of bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { digest(of: $0) } }

  public static func digest(of text: String) -> [UInt8] {
    var hash = SHA256()
    hash.update(text)
    return hash.finish()
  }
}
