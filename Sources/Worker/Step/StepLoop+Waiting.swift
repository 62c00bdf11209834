import Collectives
import Confinement
import Ingest
import Pipelines
import Vocabulary

// What a rank waits for between two steps, and who ends the wait.
extension StepLoop {
  /// Waits for full shares, at most for `linger`, and not at all for partitions that are at their end while others have
  /// a backlog, or the end is where all are to stop: a quiet partition must not hold back a busy one (design D3).
  func waitForRecords(_ wishes: ControlBoard.Wishes) {
    var isIdle = isIdle
    var deadline = Deadline.after(isIdle ? max(settings.linger, Self.idleWait) : settings.linger)
    while !shares.canFill {
      if isIdle, shares.hasAnything { (isIdle, deadline) = (false, .after(settings.linger)) }
      let isInHaste = wishes.stopsAtEnd || (machine.isCatchingUp && !settings.reproducible)
      if isInHaste, shares.restIsAtEnd {
        if isIdle, !shares.hasAnything { waitForOthers(wishes, heedsRecords: true) }
        return
      }
      shares.expectRecords()
      if shares.canFill { return }
      if wishes.stop || !(isIdle ? rest(until: deadline) : board.wakeUp.wait(until: deadline) == .raised) { return }
    }
  }

  /// Nothing was learned for a while.
  var isIdle: Bool { machine.isQuiet && times.until.duration(to: .now) > Self.idleAfter }

  /// Waits for who has something to do: this rank has nothing more to say than it has said, and saying it again would end the
  /// others' rest at once.
  ///
  /// - Parameter heedsRecords: Records of its own would be something.
  func waitForOthers(_ wishes: ControlBoard.Wishes, heedsRecords: Bool) {
    guard wishes.number == saidWishes else { return }
    let deadline = Deadline.after(Self.idleWait)
    while rest(until: deadline), board.currentWishes.number == wishes.number {
      if heedsRecords, shares.hasAnything { return }
    }
  }

  /// Waits for something to do: records, a wish, or a peer that has them and has begun the next exchange.
  ///
  /// - Returns: Whether there are records or a wish.
  private func rest(until deadline: Deadline) -> Bool {
    board.wakeUp.wait(until: deadline, orReadable: collective.descriptors) == .raised
  }
}
