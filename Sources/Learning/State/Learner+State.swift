import Tensors

extension Learner {
  /// Parameters, optimisers, normaliser, step and random state: all that the next step depends on, the same bytes for the
  /// same state.
  public func encodeState() -> [UInt8] {
    let optimizers = [dense, embeddingRows, wideRows]
    let floats = optimizers.reduce(0) { $0 + $1.first.count + $1.second.count }
    var writer = StateWriter(capacity: network.stateByteCount + floats * 4 + 4096)
    writer.write(ModelStateFormat.magic)
    writer.write(ModelStateFormat.version)
    writer.write(ModelStateFormat.shape(of: spec))
    writer.write(step)
    writer.write(random.state)
    network.write(to: &writer)
    for optimizer in optimizers {
      writer.write(optimizer.beta1Power)
      writer.write(optimizer.beta2Power)
      writer.write(optimizer.first)
      writer.write(optimizer.second)
    }
    return writer.bytes
  }

  /// Goes on from an encoded state with the same bits; a step in hand is forgotten.
  ///
  /// - Throws: `LearningError`; then nothing has changed.
  public func restoreState(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { raw in
      var reader = StateReader(raw)
      var copies = PendingCopies()
      let (step, random) = try ModelStateFormat.readHeader(&reader, spec: spec)
      try network.read(&reader, into: &copies)
      var powers: [(Double, Double)] = []
      let optimizers = [dense, embeddingRows, wideRows]
      for optimizer in optimizers {
        powers.append((try reader.read(Double.self), try reader.read(Double.self)))
        try copies.add(&reader, optimizer.first)
        try copies.add(&reader, optimizer.second)
      }
      try reader.finish()
      copies.perform()
      for (optimizer, power) in zip(optimizers, powers) {
        (optimizer.beta1Power, optimizer.beta2Power) = power
      }
      self.step = step
      self.random.state = random
    }
    network.normalizer.refresh()
    discardStep()
  }

  /// Canonical little-endian bytes of the parameters alone, for a digest: dense layers in order (weights
  /// [inputs × outputs], bias, gain, offset), then embedding tables, then wide weights.
  public var parametersDigestInput: [UInt8] { network.canonicalParameters() }
}
