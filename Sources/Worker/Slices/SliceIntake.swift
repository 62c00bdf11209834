import Evaluation
import Tensors

/// Takes up from all ranks' envelopes of which slices a step's rows are, the same on every rank: what a partition's rows bring that the
/// table does not know gets its place before they count.
///
/// Step thread only; it keeps its memory.
struct SliceIntake {
  /// [fields × rows of a partition].
  private let storage: AlignedBuffer<UInt8>
  private let capacity: Int
  private var strangers: [(rank: Int, stranger: StepSlices.Stranger)] = []
  private(set) var fieldCount = 0

  init(capacity: Int) {
    self.capacity = capacity
    storage = AlignedBuffer(count: capacity * SliceTable.fieldsMax)
  }

  mutating func open(_ envelopes: [ReceivedEnvelope], _ table: SliceTable) throws {
    strangers.removeAll(keepingCapacity: true)
    fieldCount = table.fields.count
    guard fieldCount > 0 else { return }
    for (rank, envelope) in envelopes.enumerated() {
      try envelope.forEachStranger(fields: fieldCount) { strangers.append((rank, $0)) }
    }
  }

  /// The rows of one partition, which follow those of the partitions before.
  ///
  /// - Parameter first: Of the rows in the envelope.
  func take(
    _ envelope: ReceivedEnvelope, of rank: Int, from first: Int, count: Int, into scores: inout FrozenScores
  ) throws {
    for field in 0..<fieldCount {
      let places = try envelope.slicePlaces(of: field, fields: fieldCount)
      UnsafeMutableRawBufferPointer(start: storage.pointer + field * capacity, count: count).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: places[first..<first + count]))
    }
    for (from, stranger) in strangers where from == rank && (first..<first + count).contains(stranger.row) {
      storage.pointer[stranger.field * capacity + stranger.row - first] = scores.meet(
        stranger.key, named: stranger.name, of: stranger.field)
    }
  }

  /// `SliceTable.unmet`: it has none, as it has no label.
  @inline(__always)
  func slice(of row: Int, field: Int) -> UInt8 { storage.pointer[field * capacity + row] }
}
