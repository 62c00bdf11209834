import CGnuTLS
import Glibc

/// One end of a TLS 1.3 session between two that hold the same key: plain bytes become records, and records plain bytes. It
/// touches no socket; its owner moves the records. One thread at a time.
///
/// The key proves each end to the other. What ciphers is made of it and of a Diffie-Hellman exchange of this session alone,
/// so that who gets hold of the key later cannot read what he has recorded. Every 2²⁴ records the library renews the keys by
/// itself. There are no certificates, names or tickets, and there is nothing to choose from but the curve.
///
/// - Source: RFC 8446, § 2.2 and § 4.2.9 (`psk_dhe_ke` with a key from elsewhere); by GnuTLS.
public final class TLSSession {
  public enum Role: Sendable { case client, server }

  /// What came of asking for plain bytes.
  public enum Opened: Equatable {
    case bytes(Int)
    /// All that came in is used up.
    case needsMore
    /// The other end said that it was its last.
    case ended
  }

  public static let keyBytes = TLSKey.byteCount
  /// Of plain bytes, in one record.
  private static let recordBytesMax = 16 << 10
  /// What a record is longer than its plain bytes: 22 bytes, and the library may put a record before it that renews the keys.
  private static let overheadMax = 128
  /// That are made before any of them has to go: fewer calls of the system, and still in the second cache.
  private static let recordsAtOnce = 4

  private let session: gnutls_session_t
  private let key: TLSKey
  private var outbox = TLSBuffer(capacity: recordsAtOnce * (recordBytesMax + overheadMax))
  private var inbox = TLSBuffer(capacity: recordsAtOnce * (recordBytesMax + overheadMax))
  /// The library asked for bytes that are not here yet.
  private var isStarved = false
  private var isEstablished = false
  /// The first one: after it, the library only says that there was one.
  private var failure: TLSFailure?

  /// - Parameter key: Of `keyBytes`; of this session alone.
  /// - Throws: Where this machine's GnuTLS is not allowed what a session is made of.
  public init(_ role: Role, key: [UInt8]) throws(TLSFailure) {
    // A name may be imported both as a flag and as a number; the type says which is meant.
    let flags: [gnutls_init_flags_t] = [
      role == .client ? GNUTLS_CLIENT : GNUTLS_SERVER, GNUTLS_NONBLOCK, GNUTLS_NO_TICKETS,
    ]
    var session: gnutls_session_t?
    let code = gnutls_init(&session, flags.reduce(0) { $0 | $1.rawValue })
    guard code == 0, let session else { preconditionFailure("GnuTLS made no session: code \(code)") }
    self.session = session
    self.key = TLSKey(key, role)
    let place = Unmanaged.passUnretained(self).toOpaque()
    gnutls_transport_set_ptr(session, place)
    gnutls_transport_set_push_function(session) { place, bytes, count in
      guard let place, let bytes else { return -1 }
      return Unmanaged<TLSSession>.fromOpaque(place).takeUnretainedValue().put(bytes, count)
    }
    gnutls_transport_set_pull_function(session) { place, bytes, count in
      guard let place, let bytes else { return -1 }
      return Unmanaged<TLSSession>.fromOpaque(place).takeUnretainedValue().take(bytes, count)
    }
    try check(self.key.enter(session))
  }

  deinit { gnutls_deinit(session) }

  /// Goes as far with the handshake as what came in allows.
  ///
  /// - Returns: Whether it is complete, once what is `outgoing` has gone.
  /// - Throws: The session is then of no use; what is `outgoing` tells the other end why.
  public func handshake() throws(TLSFailure) -> Bool {
    while !isEstablished {
      isStarved = false
      let code = gnutls_handshake(session)
      if code == 0 {
        isEstablished = true
      } else if code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED {
        if isStarved { return false }
      } else {
        if failure == nil { _ = gnutls_alert_send_appropriate(session, code) }
        try check(code)
      }
    }
    return true
  }

  /// Records that wait to go to the other end.
  public var outgoing: UnsafeRawBufferPointer { outbox.bytes }

  public func didSend(_ count: Int) { outbox.didTake(count) }

  /// Where bytes of the other end go; there is room whenever `open` or `handshake` needs more.
  public var incoming: UnsafeMutableRawBufferPointer { inbox.room }

  public func didReceive(_ count: Int) { inbox.didFill(count) }

  /// Makes records of the first of `bytes`, as far as there is room for them.
  ///
  /// - Returns: How many bytes they hold.
  public func seal(_ bytes: UnsafeRawBufferPointer) throws(TLSFailure) -> Int {
    var sealed = 0
    while sealed < bytes.count, outbox.room.count >= Self.recordBytesMax + Self.overheadMax {
      let count = min(Self.recordBytesMax, bytes.count - sealed)
      let code = gnutls_record_send(session, bytes.baseAddress.map { $0 + sealed }, count)
      if code < 0 { try check(Int32(code)) }
      sealed += Int(code)
    }
    return sealed
  }

  /// Takes plain bytes out of what came in.
  ///
  /// - Throws: What came in is not what the other end sent; nothing of that record was written.
  public func open(into target: UnsafeMutableRawBufferPointer) throws(TLSFailure) -> Opened {
    precondition(!target.isEmpty, "room for no bytes")
    while true {
      isStarved = false
      let code = gnutls_record_recv(session, target.baseAddress, target.count)
      if code > 0 { return .bytes(Int(code)) }
      if code == 0 { return .ended }
      // It also says so after a record that held no bytes, but new keys.
      guard code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED else { try check(Int32(code)); continue }
      if isStarved { return .needsMore }
    }
  }

  /// Goes on with new keys, and has the other end do so too: what the library does by itself, earlier.
  package func renewKeys() throws(TLSFailure) { try check(gnutls_session_key_update(session, UInt32(GNUTLS_KU_PEER))) }

  /// What was agreed on, in the library's words: version, key exchange and cipher.
  package var agreement: [String] {
    [
      gnutls_protocol_get_name(gnutls_protocol_get_version(session)), gnutls_kx_get_name(gnutls_kx_get(session)),
      gnutls_cipher_get_name(gnutls_cipher_get(session)),
    ].map { $0.map { String(cString: $0) } ?? "" }
  }

  private func check(_ code: Int32) throws(TLSFailure) {
    guard code < 0 else { return }
    let isTold = code == GNUTLS_E_FATAL_ALERT_RECEIVED
    let failure = self.failure ?? TLSFailure(code: code, alert: isTold ? gnutls_alert_get(session).rawValue : nil)
    self.failure = failure
    throw failure
  }

  private func put(_ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    guard let room = outbox.room.baseAddress, count <= outbox.room.count else {
      gnutls_transport_set_errno(session, EAGAIN)
      return -1
    }
    room.copyMemory(from: bytes, byteCount: count)
    outbox.didFill(count)
    return count
  }

  private func take(_ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
    let count = min(count, inbox.bytes.count)
    guard count > 0, let start = inbox.bytes.baseAddress else {
      isStarved = true
      gnutls_transport_set_errno(session, EAGAIN)
      return -1
    }
    bytes.copyMemory(from: start, byteCount: count)
    inbox.didTake(count)
    return count
  }
}
