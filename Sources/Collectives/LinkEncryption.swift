/// Whether what goes over the links of a generation can be read on the way; the same on every rank.
public enum LinkEncryption: String, Sendable, Hashable, CaseIterable {
  /// Frames have their codes and nothing more: who can read the network reads gradients and envelopes.
  case none
  /// Once both ends have proved that they hold the secret, nothing but TLS 1.3 goes over their link.
  case tls

  /// In a hello.
  var wireValue: UInt32 { self == .tls ? 1 : 0 }
}
