import CGnuTLS

/// The key that both ends of a session hold, as the library takes it. One thread at a time.
final class TLSKey {
  static let byteCount = 32

  /// A key exchange without certificates signs nothing, but the library takes no list without signatures. The hash of this
  /// cipher is the one that keys from elsewhere go with; so AES-256, which has another, cannot be chosen.
  private static let priorities =
    "NONE:+VERS-TLS1.3:+ECDHE-PSK:+AES-128-GCM:+AEAD:+GROUP-X25519:+GROUP-SECP256R1:+SIGN-ALL"
  /// A client says whose key it means. There is one.
  private static let name = "link"

  private enum Credentials {
    case client(gnutls_psk_client_credentials_t)
    case server(gnutls_psk_server_credentials_t)
  }

  private let bytes: [UInt8]
  private let credentials: Credentials

  init(_ bytes: [UInt8], _ role: TLSSession.Role) {
    precondition(bytes.count == Self.byteCount, "a key of \(bytes.count) bytes; it takes \(Self.byteCount)")
    self.bytes = bytes
    var made: OpaquePointer?
    let code =
      role == .client
      ? gnutls_psk_allocate_client_credentials(&made) : gnutls_psk_allocate_server_credentials(&made)
    guard code == 0, let made else { preconditionFailure("GnuTLS has no room for a key: code \(code)") }
    credentials = role == .client ? .client(made) : .server(made)
  }

  deinit {
    switch credentials {
    case .client(let made): gnutls_psk_free_client_credentials(made)
    case .server(let made): gnutls_psk_free_server_credentials(made)
    }
  }

  /// Has `session`, which must not outlive this key, use it and nothing else.
  ///
  /// - Returns: GnuTLS's code.
  func enter(_ session: gnutls_session_t) -> Int32 {
    let code = gnutls_priority_set_direct(session, Self.priorities, nil)
    guard code == 0 else { return code }
    switch credentials {
    case .client(let made):
      var bytes = self.bytes
      let code = bytes.withUnsafeMutableBufferPointer { bytes in
        var datum = gnutls_datum_t(data: bytes.baseAddress, size: UInt32(bytes.count))
        return gnutls_psk_set_client_credentials(made, Self.name, &datum, GNUTLS_PSK_KEY_RAW)
      }
      guard code == 0 else { return code }
      return gnutls_credentials_set(session, GNUTLS_CRD_PSK, UnsafeMutableRawPointer(made))
    case .server(let made):
      gnutls_session_set_ptr(session, Unmanaged.passUnretained(self).toOpaque())
      gnutls_psk_set_server_credentials_function(made) { session, _, datum in
        guard let session, let datum, let place = gnutls_session_get_ptr(session) else { return -1 }
        let key = Unmanaged<TLSKey>.fromOpaque(place).takeUnretainedValue()
        return retrain_gnutls_datum_set(datum, key.bytes, UInt32(key.bytes.count))
      }
      return gnutls_credentials_set(session, GNUTLS_CRD_PSK, UnsafeMutableRawPointer(made))
    }
  }
}
