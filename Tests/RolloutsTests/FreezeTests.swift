import Foundation
import Rollouts
import Testing

@Suite("A freeze")
struct FreezeTests {
  @Test("needs a name and a reason, and ends after it has begun")
  func mistakes() {
    #expect(throws: RolloutError.self) { try Freeze(reason: " ", by: "ada", since: noon) }
    #expect(throws: RolloutError.self) { try Freeze(reason: "why", by: "", since: noon) }
    #expect(throws: RolloutError.self) { try Freeze(reason: "why", by: "ada", since: noon, until: noon) }
  }

  @Test("a person who promotes is told who has frozen promotion, why and until when; to confirm is no promotion")
  func person() throws {
    let freeze = try Freeze(reason: "a holiday", by: "ada", since: noon, until: noon.addingTimeInterval(3600))
    let versions = [version(1, .retired), version(2, .stable), version(3, .candidate)]
    let error = #expect(throws: RolloutError.self) {
      try Rollout.promote(3, by: "bo", versions: versions, freeze: freeze)
    }
    #expect(error?.reason == "nothing is promoted, as ada has frozen promotion until 2023-11-14T23:13:20Z: a holiday")
    var onWatch = versions
    onWatch[1].isConfirmed = false
    #expect(try Rollout.promote(2, by: "bo", versions: onWatch, freeze: freeze).map(\.promotes) == [false])
    #expect(try Rollout.rollBack(by: "bo", versions: versions).map(\.promotes) == [false, false])
    #expect(try Rollout.promote(3, by: "bo", versions: versions).map(\.promotes) == [false, true])
  }

  @Test("a version that passes says that it waits for the end of it")
  func waiting() throws {
    let freeze = try Freeze(reason: "a holiday", by: "ada", since: noon)
    let versions = [version(1, .stable), version(2, .validated)]
    let waits = Rollout.waits(
      versions[1], compared(mean: -0.1, with: 1), among: versions, policy: RolloutPolicy(), freeze: freeze, now: noon)
    #expect(waits?.hasSuffix("it waits, as ada has frozen promotion: a holiday") == true)
  }
}
