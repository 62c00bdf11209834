package import Tensors
import Vocabulary

/// What the stream says by key: data of the lineage, apart from the weights of any version. A version, frozen or live, reads
/// it as it was before the step of the record.
///
/// A learner takes up the facts of its records, in the order of the records, so that it is the same bits whatever the number
/// of workers; copies of it follow by its changes. One thread at a time.
public final class Memory {
  private static let magic: UInt32 = 0x314D_5452  // "RTM1"

  /// One for each encoder that remembers, in their order.
  public let shelves: [MemoryShelf]
  /// What a recipe remembers of labels; nil: the model is none.
  package let recipe: RecipeMemory?

  public convenience init(_ forms: [MemoryForm]) { self.init(forms, recipe: nil) }

  package init(_ forms: [MemoryForm], recipe: RecipeMemory?) {
    shelves = forms.enumerated().map { MemoryShelf($1, number: UInt32($0)) }
    self.recipe = recipe
  }

  private init(_ shelves: [MemoryShelf]) { (self.shelves, recipe) = (shelves, nil) }

  /// Whether nothing is remembered, whatever comes.
  public var isNothing: Bool { shelves.isEmpty && recipe == nil }

  /// The same memory as a version reads it that may be of another spec: its encoders find their shelves by name, if they hold
  /// as many numbers a key; who finds none reads an empty one. Of the same thread.
  func read(by forms: [MemoryForm]) -> Memory {
    Memory(
      forms.enumerated().map { place, form in
        shelves.first { $0.form.name == form.name && $0.form.width == form.width }
          ?? MemoryShelf(form, number: UInt32(place))
      })
  }

  /// What is known now of every key that has changed since the last call, or since a state was restored: each once.
  public func takeChanges() -> [MemoryChange] {
    var changes: [MemoryChange] = []
    for shelf in shelves { shelf.takeChanges(into: &changes) }
    return changes
  }

  /// Becomes what the one is whose changes these are.
  ///
  /// - Throws: `LearningError.damaged` on changes of another form; then nothing has changed.
  public func apply(_ changes: [MemoryChange]) throws {
    for change in changes {
      guard Int(change.shelf) < shelves.count,
        shelves[Int(change.shelf)].form.width == change.values.count
      else {
        throw LearningError(
          code: .damaged,
          reason: "a change of shelf \(change.shelf) of a memory with \(shelves.count)")
      }
    }
    for change in changes {
      shelves[Int(change.shelf)].update(change.key) { numbers in
        for (place, value) in change.values.enumerated() { numbers[place] = value }
      }
    }
  }

  /// Forgets everything.
  public func clear() {
    for shelf in shelves { shelf.clear() }
    recipe?.clear()
  }

  /// All that is remembered: the same bytes for the same facts in the same order.
  public func encodeState() -> [UInt8] {
    if let recipe { return recipe.encodeState() }
    var writer = StateWriter(capacity: shelves.reduce(8) { $0 + $1.stateBytes })
    writer.write(Self.magic)
    writer.write(UInt32(shelves.count))
    for shelf in shelves { shelf.write(to: &writer) }
    return writer.bytes
  }

  /// - Throws: `LearningError`; then nothing has changed.
  public func restoreState(_ bytes: [UInt8]) throws {
    if let recipe { return recipe.adopt(try RecipeMemory(state: bytes, form: recipe.form)) }
    let setters = try read(bytes) { count, reader in
      guard count == shelves.count else {
        throw LearningError(
          code: .anotherSpec,
          reason: "\(count) encoders remember in the state, \(shelves.count) in the spec")
      }
      return try shelves.map { try $0.read(&reader, try ShelfHead(&reader)) }
    }
    for set in setters { set() }
  }

  /// Goes on from a memory of an older spec: what encoders of the same name have remembered stays, if it is as many numbers a
  /// key; the others begin with nothing.
  ///
  /// - Throws: `LearningError`; then nothing has changed.
  public func adoptState(_ bytes: [UInt8]) throws {
    if let recipe { return recipe.adopt(try RecipeMemory(state: bytes, form: nil)) }
    let setters = try read(bytes) { count, reader in
      var setters: [() -> Void] = []
      for _ in 0..<count {
        let head = try ShelfHead(&reader)
        if let shelf = shelves.first(where: { $0.form.name == head.name && $0.form.width == head.width }) {
          setters.append(try shelf.read(&reader, head))
        } else {
          try head.skip(&reader)
        }
      }
      return setters
    }
    clear()
    for set in setters { set() }
  }

  /// - Parameter body: Reads so many shelves.
  private func read(
    _ bytes: [UInt8], _ body: (Int, inout StateReader) throws -> [() -> Void]
  ) throws -> [() -> Void] {
    try bytes.withUnsafeBytes { raw in
      var reader = StateReader(raw)
      guard try reader.read(UInt32.self) == Self.magic else {
        throw LearningError(code: .damaged, reason: "these bytes are no memory")
      }
      let setters = try body(Int(try reader.read(UInt32.self)), &reader)
      try reader.finish()
      return setters
    }
  }
}
