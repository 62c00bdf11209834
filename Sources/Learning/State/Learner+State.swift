import Tensors
import Vocabulary

extension Learner {
  /// Parameters, optimisers, normaliser, step and random state: all that the next step depends on, the same bytes for the
  /// same state.
  public func encodeState() -> [UInt8] {
    var writer = StateWriter(capacity: model.stateByteCount + optimizers.byteCount + 4096)
    writer.write(ModelStateFormat.magic)
    writer.write(ModelStateFormat.version)
    writer.write(ModelStateFormat.shape(of: spec, model.layout))
    writer.write(step)
    writer.write(random.state)
    model.write(to: &writer)
    optimizers.write(to: &writer)
    return writer.bytes
  }

  /// Goes on from an encoded state with the same bits; a step in hand is forgotten.
  ///
  /// - Throws: `LearningError`; then nothing has changed.
  public func restoreState(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { raw in
      var reader = StateReader(raw)
      var copies = PendingCopies()
      let header = try ModelStateFormat.readHeader(&reader, spec: spec, model.layout)
      try model.read(&reader, version: header.version, into: &copies)
      let setNumbers = try optimizers.read(&reader, into: &copies)
      try reader.finish()
      model.normalizer.ranges.clear()
      model.tables.forgetValues()
      copies.perform()
      model.tables.indexValues()
      setNumbers()
      optimizers.adoptConstants(network)
      step = header.step
      random.state = header.random
    }
    network.normalizer.refresh()
    network.tables.rowNotes = nil
    discardStep()
  }

  /// Canonical bytes of the parameters alone, for a digest.
  public var parametersDigestInput: [UInt8] { model.canonicalBytes }
}
