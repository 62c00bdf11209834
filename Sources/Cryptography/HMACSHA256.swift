import CGnuTLS

/// A keyed digest: proves that its maker knew the key. One thread at a time.
///
/// - Source: RFC 2104 and RFC 4231; computed by GnuTLS.
public struct HMACSHA256: ~Copyable {
  public static let byteCount = 32

  private let handle: gnutls_hmac_hd_t

  public init(key: [UInt8]) {
    var handle: gnutls_hmac_hd_t?
    let code = gnutls_hmac_init(&handle, GNUTLS_MAC_SHA256, key, key.count)
    guard code == 0, let handle else { preconditionFailure("GnuTLS has no HMAC-SHA-256: code \(code)") }
    self.handle = handle
  }

  deinit { gnutls_hmac_deinit(handle, nil) }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 0 else { return }
    let code = gnutls_hmac(handle, bytes.baseAddress, bytes.count)
    precondition(code == 0, "HMAC-SHA-256 of \(bytes.count) bytes failed: code \(code)")
  }

  public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  /// The code of all that was put in; 32 bytes.
  public consuming func finish() -> [UInt8] {
    let handle = self.handle
    return [UInt8](unsafeUninitializedCapacity: Self.byteCount) { code, count in
      gnutls_hmac_output(handle, code.baseAddress)
      count = Self.byteCount
    }
  }

  public static func code(of bytes: [UInt8], key: [UInt8]) -> [UInt8] {
    var code = HMACSHA256(key: key)
    code.update(bytes)
    return code.finish()
  }
}
