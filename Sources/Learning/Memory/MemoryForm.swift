/// What an encoder wants to remember.
public struct MemoryForm: Sendable, Hashable {
  /// Of the encoder; a state is held against it.
  public var name: String
  /// Numbers a key.
  public var width: Int
  /// The most keys; further ones are not taken.
  public var capacity: Int

  public init(name: String, width: Int, capacity: Int) {
    precondition(
      width > 0 && capacity > 0 && capacity < 1 << 30,
      "\(name) remembers \(width) numbers of \(capacity) keys")
    (self.name, self.width, self.capacity) = (name, width, capacity)
  }
}

/// What is known now of a key: a server's copy of the memory becomes the worker's by taking these up.
public struct MemoryChange: Sendable, Hashable {
  public var shelf: UInt32
  public var key: UInt64
  public var values: [Float]

  public init(shelf: UInt32, key: UInt64, values: [Float]) {
    (self.shelf, self.key, self.values) = (shelf, key, values)
  }
}
