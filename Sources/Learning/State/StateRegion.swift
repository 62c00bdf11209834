import Tensors

/// A buffer of the state, and what it is of.
struct StateRegion {
  let name: String
  let bytes: UnsafeRawBufferPointer

  /// In the order of the saved state; what is remembered comes last.
  static func all(of learner: Learner) -> [StateRegion] {
    var list = RegionList(learner.model)
    learner.model.write(to: &list)
    var regions = list.regions
    let groups = learner.optimizers
    for (optimizer, name) in zip(groups.all, ["weights", "embedding rows", "wide rows", "wide weights"]) {
      for (place, buffer) in optimizer.buffers.enumerated() where buffer.count > 0 {
        regions.append(
          StateRegion(
            name: "number \(place + 1) of what the optimizer keeps of the \(name)",
            bytes: UnsafeRawBufferPointer(buffer.buffer)))
      }
    }
    for shelf in learner.memory.shelves {
      for buffer in shelf.buffers { regions.append(StateRegion(name: "memory \(shelf.form.name)", bytes: buffer)) }
    }
    return regions
  }
}

/// Where the buffers of a model's parameters lie.
private struct RegionList: StateSink {
  private(set) var regions: [StateRegion] = []
  private let named: [UnsafeRawPointer: String]
  private let last: UnsafeRawPointer
  private var isBehind = false

  init(_ model: ModelParameters) {
    last = UnsafeRawPointer(model.tables.wideWeights.pointer)
    named = [
      UnsafeRawPointer(model.dense.pointer): "weights",
      UnsafeRawPointer(model.tables.weights.pointer): "embedding rows", last: "wide rows",
    ]
  }

  mutating func write(_ number: Double) {}

  mutating func write<Element>(_ buffer: AlignedBuffer<Element>) {
    let start = UnsafeRawPointer(buffer.pointer)
    if buffer.count > 0 {
      let name = named[start] ?? (isBehind ? "which values have rows" : "normalizer")
      regions.append(StateRegion(name: name, bytes: UnsafeRawBufferPointer(buffer.buffer)))
    }
    if start == last { isBehind = true }
  }
}
