import CGnuTLS
public import Foundation
import Synchronization

/// What a server proves itself with in every handshake, until it is given another. Any thread.
///
/// Handshakes that have begun finish with the one before, and connections that are there do not notice.
public final class ServerCertificate: Sendable {
  /// A handshake takes less; so long the one before is kept.
  private static let handshakeMax = Duration.seconds(3600)

  private struct State {
    var current: CertificateChain
    var before: [(chain: CertificateChain, until: ContinuousClock.Instant)] = []
  }

  private let state: Mutex<State>
  /// Its place among the callbacks.
  private let place: Int

  /// - Parameters:
  ///   - certificate: PEM: the server's own first, then those that lead to one that clients trust.
  ///   - key: PEM, without a password.
  /// - Throws: `CertificateFailure`.
  public init(certificate: [UInt8], key: [UInt8]) throws(CertificateFailure) {
    let chain = try CertificateChain(certificate: certificate, key: key)
    guard let place = CertificatePlaces.take() else {
      throw CertificateFailure("this process has \(CertificatePlaces.count) servers with certificates already")
    }
    self.place = place
    state = Mutex(State(current: chain))
    CertificatePlaces.put(self, at: place)
  }

  /// After that no client trusts it.
  public var end: Date { state.withLock { $0.current.end } }

  /// From now on every handshake that begins has this one.
  ///
  /// - Throws: `CertificateFailure`; then it is still the one before.
  public func replace(certificate: [UInt8], key: [UInt8]) throws(CertificateFailure) {
    let chain = try CertificateChain(certificate: certificate, key: key)
    let now = ContinuousClock.now
    state.withLock {
      $0.before.removeAll { $0.until < now }
      $0.before.append(($0.current, now + Self.handshakeMax))
      $0.current = chain
    }
  }

  /// A `gnutls_certificate_retrieve_function3`, for a library that makes the sessions itself. Until `close`.
  public var callback: UnsafeRawPointer {
    unsafeBitCast(CertificatePlaces.callbacks[place], to: UnsafeRawPointer.self)  // A C function, for a C variable.
  }

  /// Nobody asks for it any more: the servers that had it have stopped.
  public func close() { CertificatePlaces.put(nil, at: place) }

  var current: CertificateChain { state.withLock { $0.current } }
}

/// The library asks for a certificate by a bare function, which knows nothing but its own name: each server has its own.
enum CertificatePlaces {
  typealias Callback =
    @convention(c) (
      gnutls_session_t?, UnsafePointer<gnutls_cert_retr_st>?,
      UnsafeMutablePointer<UnsafeMutablePointer<gnutls_pcert_st>?>?, UnsafeMutablePointer<UInt32>?,
      UnsafeMutablePointer<UnsafeMutablePointer<gnutls_ocsp_data_st>?>?, UnsafeMutablePointer<UInt32>?,
      UnsafeMutablePointer<gnutls_privkey_t?>?, UnsafeMutablePointer<UInt32>?
    ) -> Int32

  static let callbacks: [Callback] = [
    { _, _, chain, count, _, _, key, _ in give(0, chain, count, key) },
    { _, _, chain, count, _, _, key, _ in give(1, chain, count, key) },
    { _, _, chain, count, _, _, key, _ in give(2, chain, count, key) },
    { _, _, chain, count, _, _, key, _ in give(3, chain, count, key) },
    { _, _, chain, count, _, _, key, _ in give(4, chain, count, key) },
    { _, _, chain, count, _, _, key, _ in give(5, chain, count, key) },
    { _, _, chain, count, _, _, key, _ in give(6, chain, count, key) },
    { _, _, chain, count, _, _, key, _ in give(7, chain, count, key) },
  ]
  static var count: Int { callbacks.count }

  private enum Place {
    case free, taken
    case held(ServerCertificate)
  }

  private static let places = Mutex([Place](repeating: .free, count: 8))

  static func take() -> Int? {
    places.withLock { places in
      let free = places.firstIndex { if case .free = $0 { true } else { false } }
      if let free { places[free] = .taken }
      return free
    }
  }

  static func put(_ certificate: ServerCertificate?, at place: Int) {
    places.withLock { $0[place] = certificate.map { .held($0) } ?? .free }
  }

  private static func give(
    _ place: Int, _ chain: UnsafeMutablePointer<UnsafeMutablePointer<gnutls_pcert_st>?>?,
    _ count: UnsafeMutablePointer<UInt32>?, _ key: UnsafeMutablePointer<gnutls_privkey_t?>?
  ) -> Int32 {
    guard case .held(let certificate) = places.withLock({ $0[place] }) else { return -1 }
    // Whoever takes its place keeps it until this handshake is over.
    let current = certificate.current
    chain?.pointee = current.certificates
    count?.pointee = UInt32(current.count)
    key?.pointee = current.key
    return 0
  }
}
