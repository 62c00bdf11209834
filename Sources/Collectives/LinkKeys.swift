/// The keys of one link: made of the generation's secret and both nonces of the handshake, so that nothing of another link,
/// way or generation fits.
struct LinkKeys: Equatable {
  /// Of the codes of frames, one for each way.
  let outgoing, incoming: [UInt8]
  /// By which both ends begin a TLS session; nil: the link is not ciphered.
  let session: [UInt8]?
}
