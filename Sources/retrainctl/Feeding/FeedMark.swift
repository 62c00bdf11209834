import Vocabulary

/// Says that somebody on this machine still feeds a topic, as long as it lives.
struct FeedMark {
  private let lock: FileLock

  private static func path(_ topic: String, _ house: House) -> String {
    house.run + "/feed." + topic.map { $0 == "/" ? "_" : String($0) }.joined()
  }

  /// Any number of feeders may hold it at once.
  static func hold(topic: String, in house: House) throws -> FeedMark {
    try house.prepare()
    let lock = try FileLock(path(topic, house))
    try lock.lock(.shared, deadline: .after(.seconds(5)))
    return FeedMark(lock: lock)
  }

  func release() { lock.unlock() }

  /// Whether anybody feeds the topic now.
  static func isHeld(topic: String, in house: House) throws -> Bool {
    let lock = try FileLock(path(topic, house))
    guard lock.tryLock(.exclusive) else { return true }
    lock.unlock()
    return false
  }
}
