import Tensors
import Vocabulary

/// What one encoder remembers: so many numbers a key, the keys in the order in which they were first met. What is remembered
/// stays; once all places are taken, new keys are not. One thread at a time.
public final class MemoryShelf {
  public let form: MemoryForm
  /// Place among the memory's shelves.
  public let number: UInt32
  public private(set) var count = 0
  /// How often a key was met that found no place.
  public private(set) var refused: Int64 = 0

  private let keys: AlignedBuffer<UInt64>
  /// Shape [capacity × width].
  private let numbers: AlignedBuffer<Float>
  /// Open addressing, at most half full: the place of a key, and 1; 0: free.
  private let slots: AlignedBuffer<UInt32>
  private let mask: Int
  /// Places that changed since the changes were last taken, each once.
  private let changed: AlignedBuffer<UInt32>
  private let isChanged: AlignedBuffer<Bool>
  private var changedCount = 0

  init(_ form: MemoryForm, number: UInt32) {
    (self.form, self.number) = (form, number)
    keys = AlignedBuffer(count: form.capacity)
    numbers = AlignedBuffer(count: form.capacity * form.width)
    mask = (1 << (Int.bitWidth - (2 * form.capacity - 1).leadingZeroBitCount)) - 1
    slots = AlignedBuffer(count: mask + 1)
    changed = AlignedBuffer(count: form.capacity)
    isChanged = AlignedBuffer(count: form.capacity)
  }

  /// The numbers of a key; nil: nothing is known of it.
  public subscript(key: UInt64) -> UnsafePointer<Float>? {
    let found = slots[slot(of: key)]
    return found == 0 ? nil : UnsafePointer(numbers.pointer + (Int(found) - 1) * form.width)
  }

  /// Lets `body` change the numbers of a key, which are zero where nothing was known.
  package func update(_ key: UInt64, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    let slot = slot(of: key)
    if slots[slot] == 0 {
      guard count < form.capacity else {
        refused += 1
        return
      }
      keys[count] = key
      count += 1
      slots[slot] = UInt32(count)
    }
    let place = Int(slots[slot]) - 1
    body(numbers.pointer + place * form.width)
    guard !isChanged[place] else { return }
    isChanged[place] = true
    changed[changedCount] = UInt32(place)
    changedCount += 1
  }

  /// Where the key stands, or would stand.
  private func slot(of key: UInt64) -> Int {
    var random = SplitMix64(seed: key)
    var slot = Int(truncatingIfNeeded: random.next()) & mask
    while slots[slot] != 0, keys[Int(slots[slot]) - 1] != key { slot = (slot + 1) & mask }
    return slot
  }

  /// What is known now of the keys that have changed since the last call, in the order in which they first did.
  func takeChanges(into changes: inout [MemoryChange]) {
    for index in 0..<changedCount {
      let place = Int(changed[index])
      isChanged[place] = false
      let values = UnsafeBufferPointer(
        start: numbers.pointer + place * form.width, count: form.width)
      changes.append(MemoryChange(shelf: number, key: keys[place], values: Array(values)))
    }
    changedCount = 0
  }

  func clear() {
    (count, refused, changedCount) = (0, 0, 0)
    keys.clear()
    slots.clear()
    numbers.clear()
    isChanged.clear()
  }

  /// All that it knows, and where; the same bytes for the same facts in the same order.
  var buffers: [UnsafeRawBufferPointer] {
    [
      UnsafeRawBufferPointer(keys.buffer), UnsafeRawBufferPointer(numbers.buffer), UnsafeRawBufferPointer(slots.buffer),
    ]
  }

  /// How much `write` writes.
  var stateBytes: Int { 4 + form.name.utf8.count + 16 + count * (8 + 4 * form.width) }

  func write(to writer: inout StateWriter) {
    writer.write(form.name)
    writer.write(UInt32(form.width))
    writer.write(UInt32(count))
    writer.write(refused)
    for place in 0..<count {
      writer.write(keys[place])
      for number in 0..<form.width { writer.write(numbers[place * form.width + number].bitPattern) }
    }
  }

  /// Reads and checks what follows its head; the closure puts what was read in place.
  func read(_ reader: inout StateReader, _ head: ShelfHead) throws -> () -> Void {
    let (name, width, count) = (head.name, head.width, head.count)
    guard name == form.name, width == form.width else {
      throw LearningError(
        code: .anotherSpec,
        reason:
          "the memory holds \(width) numbers of '\(name)', not \(form.width) of '\(form.name)'")
    }
    guard count <= form.capacity else {
      throw LearningError(
        code: .anotherSpec,
        reason: "the memory holds \(count) keys of '\(name)', which has room for \(form.capacity)")
    }
    var entries: [(UInt64, [Float])] = []
    var seen: Set<UInt64> = []
    for _ in 0..<count {
      let key = try reader.read(UInt64.self)
      guard seen.insert(key).inserted else {
        throw LearningError(code: .damaged, reason: "the memory holds a key of '\(name)' twice")
      }
      entries.append(
        (key, try (0..<width).map { _ in Float(bitPattern: try reader.read(UInt32.self)) }))
    }
    return { [self] in
      clear()
      for (key, values) in entries {
        update(key) { numbers in
          for (place, value) in values.enumerated() { numbers[place] = value }
        }
      }
      refused = head.refused
      // Who goes on from the same state knows all of this.
      isChanged.clear()
      changedCount = 0
    }
  }
}

/// What a shelf's state begins with; its entries follow.
struct ShelfHead {
  let name: String
  let width: Int
  let count: Int
  let refused: Int64

  init(_ reader: inout StateReader) throws {
    name = try reader.readText()
    width = Int(try reader.read(UInt32.self))
    count = Int(try reader.read(UInt32.self))
    refused = try reader.read(Int64.self)
  }

  /// Passes over the entries.
  func skip(_ reader: inout StateReader) throws {
    for _ in 0..<count {
      _ = try reader.read(UInt64.self)
      for _ in 0..<width { _ = try reader.read(UInt32.self) }
    }
  }
}
