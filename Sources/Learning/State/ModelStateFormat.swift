import Tensors

/// The bytes of a learner's state.
///
/// Magic, version, the shape of the spec as text, step, random state, then every buffer with its count: normaliser,
/// parameters, tables, what values have rows, optimisers. Optimisers come last: a predictor stops before them.
enum ModelStateFormat {
  static let magic: UInt32 = 0x5353_5452  // "RTSS"
  static let version: UInt32 = 4
  /// The oldest version that this program goes on from: its states have no usual ranges yet.
  static let withoutRanges: UInt32 = 2
  /// Its states do not know which rows were met.
  static let withoutValues: UInt32 = 3

  /// What must agree between a state and a model.
  static func shape(of spec: LearnerSpec, _ layout: ParameterLayout) -> String {
    (spec.text + layout.branches.flatMap(\.layers).compactMap(\.signature) + layout.encoders.compactMap(\.signature))
      .joined(separator: "\n")
  }

  struct Header {
    var version: UInt32
    var step: Int64
    var random: UInt64
  }

  /// Reads and checks the header.
  static func readHeader(
    _ reader: inout StateReader, spec: LearnerSpec, _ layout: ParameterLayout
  ) throws -> Header {
    guard try reader.read(UInt32.self) == magic else {
      throw LearningError(code: .damaged, reason: "these bytes are no learner's state")
    }
    let found = try reader.read(UInt32.self)
    guard found <= version else {
      throw LearningError(code: .fromTheFuture, reason: "state version \(found), this program knows \(version)")
    }
    guard found >= withoutRanges else {
      throw LearningError(code: .damaged, reason: "state version \(found) is none that this program can go on from")
    }
    let shape = try reader.readText()
    let own = self.shape(of: spec, layout)
    guard shape == own else {
      throw LearningError(code: .anotherSpec, reason: firstDifference(shape, own))
    }
    let step = try reader.read(Int64.self)
    guard (0...1 << 62).contains(step) else {
      throw LearningError(code: .damaged, reason: "the state is of step \(step)")
    }
    return Header(version: found, step: step, random: try reader.read(UInt64.self))
  }

  private static func firstDifference(_ state: String, _ spec: String) -> String {
    let theirs = state.split(separator: "\n", omittingEmptySubsequences: false)
    let ours = spec.split(separator: "\n", omittingEmptySubsequences: false)
    for (their, our) in zip(theirs, ours) where their != our {
      return "the state has '\(their)', the spec '\(our)'"
    }
    return "the state has \(theirs.count) parts, the spec \(ours.count)"
  }
}

/// Bytes found in a state and the place they belong to; copied only after all of it has been checked.
struct PendingCopies {
  private var copies: [(from: UnsafeRawBufferPointer, to: UnsafeMutableRawPointer)] = []

  mutating func add<Element>(_ reader: inout StateReader, _ buffer: AlignedBuffer<Element>) throws {
    copies.append((try reader.read(like: buffer), UnsafeMutableRawPointer(buffer.pointer)))
  }

  /// With elements that are used as numbers of things, which have bounds.
  mutating func add<Element: BitwiseCopyable>(
    _ reader: inout StateReader, _ buffer: AlignedBuffer<Element>, _ what: String, where isSound: (Element) -> Bool
  ) throws {
    let bytes = try reader.read(like: buffer)
    for place in 0..<buffer.count {
      let element = bytes.loadUnaligned(fromByteOffset: place * MemoryLayout<Element>.stride, as: Element.self)
      guard isSound(element) else {
        throw LearningError(code: .damaged, reason: "the state says \(element) for \(what)")
      }
    }
    copies.append((bytes, UnsafeMutableRawPointer(buffer.pointer)))
  }

  func perform() {
    for copy in copies {
      if let base = copy.from.baseAddress { copy.to.copyMemory(from: base, byteCount: copy.from.count) }
    }
  }
}

extension LearnerSpec {
  /// Whether states of one are states of the other.
  public func hasShape(of other: LearnerSpec) -> Bool {
    if recipe != nil || other.recipe != nil { return text == other.text }
    return ModelStateFormat.shape(of: self, ParameterLayout(self))
      == ModelStateFormat.shape(of: other, ParameterLayout(other))
  }
}

extension ModelParameters {
  var stateByteCount: Int { (dense.count + tables.weights.count + tables.wideWeights.count) * 4 }

  func write(to writer: inout some StateSink) {
    writer.write(normalizer.running.count)
    writer.write(normalizer.running.mean)
    writer.write(normalizer.running.squares)
    writer.write(normalizer.ranges.values)
    writer.write(normalizer.ranges.taken)
    normalizer.ranges.forEachBuffer { writer.write($0) }
    writer.write(dense)
    writer.write(tables.weights)
    writer.write(tables.wideWeights)
    tables.forEachValueBuffer { buffer, _ in writer.write(buffer) }
  }

  /// - Parameter version: The format's; of an old one the ranges, or what values were met, stay as they are.
  func read(_ reader: inout StateReader, version: UInt32, into copies: inout PendingCopies) throws {
    try copies.add(&reader, normalizer.running.count)
    try copies.add(&reader, normalizer.running.mean)
    try copies.add(&reader, normalizer.running.squares)
    if version > ModelStateFormat.withoutRanges {
      try copies.add(&reader, normalizer.ranges.values)
      try copies.add(&reader, normalizer.ranges.taken, "how many values a column had") { (0...1 << 62).contains($0) }
      try normalizer.ranges.forEachBuffer { try copies.add(&reader, $0) }
    }
    try copies.add(&reader, dense)
    try copies.add(&reader, tables.weights)
    try copies.add(&reader, tables.wideWeights)
    if version > ModelStateFormat.withoutValues {
      try tables.forEachValueBuffer { buffer, most in
        try copies.add(&reader, buffer, "how often a value was met") { $0 <= most }
      }
    }
  }
}
