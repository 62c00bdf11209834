import Tensors
import Vocabulary

/// The numbers of a model, apart from the buffers that work with them: dense parameters, tables, and what the input's
/// statistics remember.
///
/// One learner writes them; or, once read from a state, they never change, and any number of predictors share them.
public final class ModelParameters: @unchecked Sendable {  // Written by the one learner that made them, or by nobody.
  public let spec: LearnerSpec
  /// Steps that the state had behind it; 0: not read from one.
  public let step: Int64
  let layout: ParameterLayout
  /// As `layout` says.
  let dense: AlignedBuffer<Float>
  let tables: EmbeddingTables
  let normalizer: Normalizer

  /// A learner's own, all zero.
  init(_ spec: LearnerSpec, further: [any EncoderPlan]) {
    self.spec = spec
    step = 0
    layout = ParameterLayout(spec, further: further)
    dense = AlignedBuffer(count: layout.count)
    tables = EmbeddingTables(spec)
    normalizer = Normalizer(spec)
  }

  /// Those of a state, for good.
  ///
  /// - Parameter state: What `Learner.encodeState` gave.
  /// - Throws: `LearningError` on another spec or damage.
  public convenience init(spec: LearnerSpec, state: [UInt8]) throws {
    try self.init(spec: spec, state: state, further: [])
  }

  /// - Parameter further: Encoders that the spec does not describe.
  package init(spec: LearnerSpec, state: [UInt8], further: [any EncoderPlan]) throws {
    let model = ModelParameters(spec, further: further)
    step = try state.withUnsafeBytes { raw in
      var reader = StateReader(raw)
      var copies = PendingCopies()
      let header = try ModelStateFormat.readHeader(&reader, spec: spec, model.layout)
      try model.read(&reader, version: header.version, into: &copies)
      copies.perform()
      model.tables.indexValues()
      return header.step
    }
    model.normalizer.refresh()
    (self.spec, layout, dense, tables, normalizer) = (spec, model.layout, model.dense, model.tables, model.normalizer)
  }

  /// Seeds parameters and tables.
  func initialize(from random: inout SplitMix64) {
    Initialization.fill(dense.pointer, layout: layout, spec: spec, from: &random)
    tables.initialize(from: &random)
  }

  /// The first layer or table that holds a NaN or an infinity, `input` for the statistics of the inputs; nil: all parameters
  /// are numbers.
  public func firstNonFiniteParameter() -> String? {
    if !normalizer.running.isFinite { return "input" }
    for segment in layout.segments {
      for index in segment.range where !dense[index].isFinite { return segment.name }
    }
    for head in layout.heads {
      if let place = head.temperature?.start, !dense[place].isFinite { return head.name }
    }
    for table in tables.tables {
      for index in 0..<(table.buckets * table.dimension) where !tables.weights[table.offset + index].isFinite {
        return "embedding.\(table.name)"
      }
      guard table.isWide else { continue }
      let wide = tables.wideRows(table)
      for index in 0..<(table.buckets * tables.wideWidth) where !wide[index].isFinite { return "wide.\(table.name)" }
    }
    return nil
  }

  /// Canonical little-endian bytes of the parameters alone, for a digest: dense layers in order (weights
  /// [inputs × outputs], bias, gain, offset), then embedding tables, then wide weights.
  public var canonicalBytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(stateByteCount)
    layout.forEachParameter { _, index in
      withUnsafeBytes(of: dense[index].bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    for buffer in [tables.weights, tables.wideWeights] {
      bytes.append(contentsOf: UnsafeRawBufferPointer(start: buffer.pointer, count: buffer.byteCount))
    }
    return bytes
  }
}
