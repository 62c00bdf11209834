import Tensors

// State: header, then counts, then buffer after buffer, rows in use only.
extension RecipeParameters {
  private static let magic: UInt32 = 0x3152_5452  // "RTR1"

  /// What must agree between a state and a spec.
  private var shape: String { spec.text.joined(separator: "\n") }

  /// Made once: the watch asks for them in every step.
  struct PartNames {
    let own, rows, pairs: String

    init(member name: String) {
      (own, rows, pairs) = ("member \(name)", "rows of member \(name)", "pairs of member \(name)")
    }
  }

  /// Buffers in a fixed order, with what each is of; of tables the rows in use.
  func forEachPart(_ body: (String, UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    let rows = inputs.rowCount
    try inputs.forEachPart(body)
    try body("weights of members", UnsafeMutableRawBufferPointer(worth.buffer))
    try body("weights of members", UnsafeMutableRawBufferPointer(moved.buffer))
    try body("weights of members", UnsafeMutableRawBufferPointer(idle.buffer))
    try body("statistics of labels", UnsafeMutableRawBufferPointer(labels.buffer))
    for (place, member) in members.enumerated() {
      let names = partNames[place]
      func first(_ count: Int, _ buffer: AlignedBuffer<Float>) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(start: buffer.pointer, count: count))
      }
      switch member {
      case .deep(let deep):
        try body(names.own, first(deep.dense.count, deep.dense))
        try body(names.own, first(deep.mean.count, deep.mean))
        try body(names.own, first(deep.square.count, deep.square))
        try body(names.own, UnsafeMutableRawBufferPointer(deep.powers.buffer))
        try body(names.rows, first(rows * DeepMember.first, deep.rows))
        try body(names.rows, first(rows, deep.sums))
      case .wide(let wide):
        try body(names.pairs, first(wide.crosses.count, wide.crosses))
        try body(names.pairs, first(wide.squares.count, wide.squares))
        try body(names.rows, first(rows * form.outputs, wide.rows))
        try body(names.rows, first(rows * form.outputs, wide.sums))
      case .near: break
      }
    }
    try ring?.forEachPart(body)
  }

  func encodeState() -> [UInt8] {
    var size = 4096
    forEachPart { size += $1.count }
    var writer = StateWriter(capacity: size)
    writer.write(Self.magic)
    writer.write(UInt32(1))
    writer.write(shape)
    writer.write(step)
    writer.write(learned)
    writer.write(UInt32(inputs.rowCount))
    writer.write(ring?.stored ?? 0)
    forEachPart { writer.write(raw: UnsafeRawBufferPointer($1)) }
    return writer.bytes
  }

  /// Those of a state.
  ///
  /// - Parameter plan: The members of which it is; nil: the preset's.
  /// - Throws: `LearningError` on another spec or damage.
  convenience init(
    _ spec: LearnerSpec, state: [UInt8], without: RecipeForm.Parts = [], plan: [RecipeMember]? = nil
  ) throws {
    self.init(spec, without: without, plan: plan)
    try state.withUnsafeBytes { raw in
      var reader = StateReader(raw)
      guard try reader.read(UInt32.self) == Self.magic else {
        throw LearningError(code: .anotherSpec, reason: "the state is none of `model: auto`")
      }
      let version = try reader.read(UInt32.self)
      guard version == 1 else {
        throw LearningError(code: .fromTheFuture, reason: "the state has version \(version), this program knows 1")
      }
      let found = try reader.readText()
      guard found == shape else {
        throw LearningError(code: .anotherSpec, reason: "the state is of other inputs, labels or members")
      }
      step = try reader.read(Int64.self)
      learned = try reader.read(Int64.self)
      let rows = Int(try reader.read(UInt32.self))
      let stored = try reader.read(Int64.self)
      guard (0...1 << 62).contains(step), (0...1 << 62).contains(learned), (0...1 << 62).contains(stored),
        (form.firstRows...form.rowsMost).contains(rows), rows * 4 <= state.count, ring != nil || stored == 0
      else { throw LearningError(code: .damaged, reason: "the state counts what there cannot be") }
      inputs.begin(rowCount: rows)
      growTables(used: 0)
      ring?.begin(stored: stored)
      try forEachPart { try reader.read(into: $1) }
      try reader.finish()
    }
    guard idle.buffer.allSatisfy({ (0...1 << 62).contains($0) }) else {
      throw LearningError(code: .damaged, reason: "the state counts what there cannot be")
    }
    if let wrong = inputs.index() {
      throw LearningError(code: .damaged, reason: "the state has \(wrong) that cannot be")
    }
    guard
      ring?.isSound(rowCount: inputs.rowCount, outputs: form.outputs, isRegression: form.task == .regression) ?? true
    else { throw LearningError(code: .damaged, reason: "the ring names rows or labels that there are not") }
  }
}
