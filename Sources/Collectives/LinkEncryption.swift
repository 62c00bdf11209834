import Cryptography

/// Whether what goes over the links of a generation can be read on the way; the same on every rank.
public enum LinkEncryption: String, Sendable, Hashable, CaseIterable {
  /// Frames have their codes and nothing more: who can read the network reads gradients and envelopes.
  case none
  /// Once both ends have proved that they hold the secret, nothing but TLS 1.3 goes over their link.
  case tls

  /// Why this machine cannot cipher so; nil: it can.
  public var obstacle: String? {
    guard self == .tls else { return nil }
    do throws(TLSFailure) {
      _ = try TLSSession(.client, key: randomBytes(TLSSession.keyBytes))
      return nil
    } catch {
      return "GnuTLS makes no session of TLS 1.3 with AES-128-GCM on this machine: \(error.words)"
    }
  }

  /// In a hello.
  var wireValue: UInt32 { self == .tls ? 1 : 0 }
}
