import Glibc
import Health

/// What layers cost, by a sample of a learner's steps: one of each 64, another one each time, for a stream may have a rhythm. A
/// step in which the thread had to make room for others is not counted, nor is one that is not applied. One thread.
final class CostSample {
  /// Of so many steps one is timed.
  static let every: Int64 = 64

  /// Of the step in hand.
  private let times = StepTimes()
  /// Of the steps since the last take, in the order in which a step meets the layers.
  private var costs: [LayerCost] = []
  private var places: [String: Int] = [:]
  private var steps: Int64 = 0
  private var isOpen = false
  /// When the thread went to work, on the clock on the wall and on its own, which stands still while another has its processor.
  private var since: (wall: Int64, own: Int64)?
  private var isDisturbed = false

  /// - Parameter memory: Bytes by layer that values and gradients take for the largest batch.
  init(memory: [(layer: String, bytes: Int)]) {
    for (layer, bytes) in memory { costs[place(of: layer)].activationBytes = Int64(bytes) }
  }

  /// A step goes forward, perhaps once more.
  ///
  /// - Returns: What to time it with; nil: it is none of the sample.
  func open(step: Int64) -> StepTimes? {
    isOpen = step % Self.every == step / Self.every % Self.every
    guard isOpen else { return nil }
    times.clear()
    isDisturbed = false
    go()
    return times
  }

  /// The thread's work on the step goes on, after others were waited for.
  func go() { if isOpen { since = (Self.reading(CLOCK_MONOTONIC), Self.reading(CLOCK_THREAD_CPUTIME_ID)) } }

  /// It waits, or is done.
  func rest() {
    guard isOpen, let since else { return }
    let wall = Self.reading(CLOCK_MONOTONIC) - since.wall
    let own = Self.reading(CLOCK_THREAD_CPUTIME_ID) - since.own
    if (wall - own) * Self.disturbance > wall { isDisturbed = true }
    self.since = nil
  }

  /// The share of a step that others may have the processor, one divided by it.
  private static let disturbance: Int64 = 8

  /// The step is applied.
  func keep() {
    guard isOpen else { return }
    rest()
    isOpen = false
    if !isDisturbed { steps += 1 }
    for row in times.rows {
      let nanoseconds = Int64(clamping: row.nanoseconds)
      // Known from the first step on, so that a later one asks for no memory.
      let place = place(of: row.layer)
      if isDisturbed { continue }
      switch row.part.pass {
      case .forward: costs[place].forward += nanoseconds
      case .backward: costs[place].backward += nanoseconds
      case .update: costs[place].update += nanoseconds
      }
      if row.part.isElementwise { costs[place].elementwise += nanoseconds }
    }
  }

  /// It is not.
  func forget() { isOpen = false }

  /// The window since the last take; begins a new one.
  func take() -> [LayerCost] {
    defer {
      steps = 0
      for place in costs.indices {
        costs[place] = LayerCost(layer: costs[place].layer, activationBytes: costs[place].activationBytes)
      }
    }
    return costs.map { cost in
      var cost = cost
      cost.steps = steps
      return cost
    }
  }

  private func place(of layer: String) -> Int {
    if let place = places[layer] { return place }
    places[layer] = costs.count
    costs.append(LayerCost(layer: layer))
    return costs.count - 1
  }

  private static func reading(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
