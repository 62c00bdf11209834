import CGnuTLS
import Glibc

/// A certificate for 127.0.0.1 that signs itself, with its key, made anew each time.
public struct TestCertificate: Sendable {
  /// PEM.
  public let certificate: [UInt8]
  public let key: [UInt8]
  /// As the other end of a session sees it.
  public let encoded: [UInt8]

  public init?() {
    var (certificate, key): (gnutls_x509_crt_t?, gnutls_x509_privkey_t?)
    guard gnutls_x509_crt_init(&certificate) == 0, let certificate else { return nil }
    defer { gnutls_x509_crt_deinit(certificate) }
    guard gnutls_x509_privkey_init(&key) == 0, let key else { return nil }
    defer { gnutls_x509_privkey_deinit(key) }
    let curve = UInt32(1 << 31) | UInt32(GNUTLS_ECC_CURVE_SECP256R1.rawValue)
    var serial = (0..<8).map { _ in UInt8.random(in: 1...127) }
    var address: [UInt8] = [127, 0, 0, 1]
    let now = time(nil)
    let codes = [
      gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, curve, 0), gnutls_x509_crt_set_version(certificate, 3),
      gnutls_x509_crt_set_serial(certificate, &serial, serial.count),
      gnutls_x509_crt_set_activation_time(certificate, now - 3600),
      gnutls_x509_crt_set_expiration_time(certificate, now + 3600), gnutls_x509_crt_set_key(certificate, key),
      gnutls_x509_crt_set_dn(certificate, "CN=retrain test", nil), gnutls_x509_crt_set_ca_status(certificate, 1),
      gnutls_x509_crt_set_subject_alt_name(
        certificate, GNUTLS_SAN_IPADDRESS, &address, UInt32(address.count), UInt32(GNUTLS_FSAN_SET)),
      gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0),
    ]
    guard codes.allSatisfy({ $0 == 0 }) else { return nil }
    func text(_ export: (UnsafeMutablePointer<gnutls_datum_t>) -> Int32) -> [UInt8] {
      var datum = gnutls_datum_t()
      guard export(&datum) == 0 else { return [] }
      defer { retrain_gnutls_datum_free(&datum) }
      return Array(UnsafeBufferPointer(start: datum.data, count: Int(datum.size)))
    }
    self.certificate = text { gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, $0) }
    self.encoded = text { gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_DER, $0) }
    self.key = text { gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, $0) }
  }
}

/// A connection to loopback over TLS that trusts anybody, and tells who it was. One thread at a time.
public final class TLSClient {
  private let descriptor: Int32
  private let session: gnutls_session_t
  private let credentials: gnutls_certificate_credentials_t

  /// - Returns: nil: nobody listens there, or the handshake fails.
  public init?(port: Int) {
    var (session, credentials): (gnutls_session_t?, gnutls_certificate_credentials_t?)
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard gnutls_certificate_allocate_credentials(&credentials) == 0, let credentials,
      gnutls_init(&session, GNUTLS_CLIENT.rawValue) == 0, let session
    else { preconditionFailure("GnuTLS has no room for a client") }
    (self.session, self.credentials) = (session, credentials)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    _ = setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let code = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    gnutls_set_default_priority(session)
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, UnsafeMutableRawPointer(credentials))
    gnutls_transport_set_int2(session, descriptor, descriptor)
    guard code == 0, gnutls_handshake(session) == 0 else { return nil }
  }

  deinit {
    gnutls_deinit(session)
    gnutls_certificate_free_credentials(credentials)
    close(descriptor)
  }

  /// The certificate of who answers.
  public var peer: [UInt8] {
    var count: UInt32 = 0
    guard let first = gnutls_certificate_get_peers(session, &count), count > 0 else { return [] }
    return Array(UnsafeBufferPointer(start: first.pointee.data, count: Int(first.pointee.size)))
  }

  /// Sends a head without a body, and gives the first line of what comes back; nil: the connection has ended.
  public func ask(_ path: String, headers: [String] = []) -> String? {
    let lines = ["GET \(path) HTTP/1.1", "Host: localhost"] + headers + ["", ""]
    let head = Array(lines.joined(separator: "\r\n").utf8)
    guard gnutls_record_send(session, head, head.count) == head.count else { return nil }
    var answer = ""
    while !Self.isWhole(answer) {
      var bytes = [UInt8](repeating: 0, count: 65_536)
      let count = gnutls_record_recv(session, &bytes, bytes.count)
      guard count > 0 else { return nil }
      answer += String(decoding: bytes[..<count], as: UTF8.self)
    }
    return String(answer.prefix { !$0.isNewline })
  }

  private static func isWhole(_ answer: String) -> Bool {
    guard let end = answer.firstRange(of: "\r\n\r\n"),
      let length = answer.firstMatch(of: /[Cc]ontent-[Ll]ength: ([0-9]+)/).flatMap({ Int($0.output.1) })
    else { return false }
    return answer[end.upperBound...].utf8.count >= length
  }
}
