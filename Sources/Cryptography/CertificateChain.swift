import CGnuTLS
import Foundation

/// A server's certificate, those behind it, and its key. Never changes; any thread.
final class CertificateChain: @unchecked Sendable {  // What the library only reads after `init` has made it.
  /// A chain longer than that is none that anybody has.
  private static let countMax = 16

  let certificates: UnsafeMutablePointer<gnutls_pcert_st>
  let count: Int
  let key: gnutls_privkey_t
  /// After that no client trusts it.
  let end: Date

  /// - Parameters:
  ///   - certificate: PEM, the server's own first.
  ///   - key: PEM, without a password.
  /// - Throws: `CertificateFailure`.
  init(certificate: [UInt8], key: [UInt8]) throws(CertificateFailure) {
    let certificates = UnsafeMutablePointer<gnutls_pcert_st>.allocate(capacity: Self.countMax)
    var made = UInt32(Self.countMax)
    var code = Self.with(certificate) {
      gnutls_pcert_list_import_x509_raw(certificates, &made, $0, GNUTLS_X509_FMT_PEM, 0)
    }
    guard code >= 0, made > 0 else {
      certificates.deallocate()
      throw CertificateFailure("the certificate cannot be read: \(Self.words(code))")
    }
    var handle: gnutls_privkey_t?
    guard gnutls_privkey_init(&handle) == 0, let handle else { preconditionFailure("GnuTLS has no room for a key") }
    self.certificates = certificates
    count = Int(made)
    self.key = handle
    end = Self.end(of: &certificates[0])
    code = Self.with(key) { gnutls_privkey_import_x509_raw(handle, $0, GNUTLS_X509_FMT_PEM, nil, 0) }
    guard code == 0 else { throw CertificateFailure("the key cannot be read: \(Self.words(code))") }
    guard Self.belongs(handle, to: certificates[0].pubkey) else {
      throw CertificateFailure("the key is not the certificate's")
    }
  }

  deinit {
    for place in 0..<count { gnutls_pcert_deinit(certificates + place) }
    certificates.deallocate()
    gnutls_privkey_deinit(key)
  }

  private static func words(_ code: Int32) -> String { TLSFailure(code: code, alert: nil).words }

  private static func with(_ bytes: [UInt8], _ body: (UnsafePointer<gnutls_datum_t>) -> Int32) -> Int32 {
    var bytes = bytes
    return bytes.withUnsafeMutableBufferPointer { bytes in
      var datum = gnutls_datum_t(data: bytes.baseAddress, size: UInt32(clamping: bytes.count))
      return body(&datum)
    }
  }

  /// By the digests of both public parts.
  private static func belongs(_ key: gnutls_privkey_t, to certificate: gnutls_pubkey_t?) -> Bool {
    var own: gnutls_pubkey_t?
    guard let certificate, gnutls_pubkey_init(&own) == 0, let own else { return false }
    defer { gnutls_pubkey_deinit(own) }
    guard gnutls_pubkey_import_privkey(own, key, 0, 0) == 0 else { return false }
    func digest(_ key: gnutls_pubkey_t) -> [UInt8]? {
      var bytes = [UInt8](repeating: 0, count: 64)
      var count = bytes.count
      guard gnutls_pubkey_get_key_id(key, UInt32(GNUTLS_KEYID_USE_SHA256.rawValue), &bytes, &count) == 0 else {
        return nil
      }
      return Array(bytes.prefix(count))
    }
    guard let left = digest(own), let right = digest(certificate) else { return false }
    return left == right
  }

  private static func end(of certificate: inout gnutls_pcert_st) -> Date {
    var plain: gnutls_x509_crt_t?
    guard gnutls_pcert_export_x509(&certificate, &plain) == 0, let plain else { return .distantPast }
    defer { gnutls_x509_crt_deinit(plain) }
    return Date(timeIntervalSince1970: TimeInterval(gnutls_x509_crt_get_expiration_time(plain)))
  }
}

/// Why a server cannot prove itself with what it was given.
public struct CertificateFailure: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
