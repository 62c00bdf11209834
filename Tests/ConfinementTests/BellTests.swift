import Confinement
import Testing
import Vocabulary

@Suite("A bell")
struct BellTests {
  @Test("that was rung before anybody waited ends the next wait, once")
  func before() async {
    let bell = Bell()
    bell.ring()
    bell.ring()
    #expect(await bell.wait(atMost: .seconds(30)))
    #expect(await !bell.wait(atMost: .milliseconds(1)))
  }

  @Test("ends the wait in hand, from another task, again and again")
  func meanwhile() async {
    let (bell, echo) = (Bell(), Bell())
    let ringing = Task {
      for _ in 0..<200 {
        bell.ring()
        guard await echo.wait(atMost: .seconds(30)) else { return false }
      }
      return true
    }
    for _ in 0..<200 {
      #expect(await bell.wait(atMost: .seconds(30)))
      echo.ring()
    }
    #expect(await ringing.value)
  }

  @Test("lets go of a task that is cancelled, before or while it waits")
  func cancelled() async {
    let bell = Bell()
    let start = ContinuousClock.now
    for _ in 0..<50 {
      let waiting = Task { await bell.wait(atMost: .seconds(60)) }
      waiting.cancel()
      #expect(await !waiting.value)
    }
    #expect(start.duration(to: .now) < .seconds(30))
  }
}
