/// The keys of one link, one for each way: made of the generation's secret and both nonces of the handshake, so that no frame
/// of another link, way or generation has a valid code.
struct LinkKeys: Equatable {
  let outgoing, incoming: [UInt8]
}
