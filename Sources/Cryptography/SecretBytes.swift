import CGnuTLS

/// Bytes fit for keys and nonces, from GnuTLS's generator. Any thread.
public func randomBytes(_ count: Int) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: count) { bytes, filled in
    // Nothing safe could go on without randomness.
    let code = count == 0 ? 0 : gnutls_rnd(GNUTLS_RND_KEY, bytes.baseAddress, count)
    precondition(code == 0, "no random bytes: GnuTLS code \(code)")
    filled = count
  }
}

/// Whether two byte strings are the same, in a time that depends on their lengths only.
public func equalInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  left.count == right.count && (left.isEmpty || gnutls_memcmp(left, right, left.count) == 0)
}
