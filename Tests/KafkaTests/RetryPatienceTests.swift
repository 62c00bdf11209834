import Kafka
import Testing

@Suite("Patience between tries")
struct RetryPatienceTests {
  @Test("grows from try to try and then no more, however many there are")
  func bounded() {
    var patience = RetryPatience()
    let first = (0..<4).map { _ in patience.next() }
    #expect(first == [.seconds(2), .seconds(4), .seconds(8), .seconds(16)])
    for _ in 0..<1000 { #expect(patience.next() <= .seconds(60)) }
  }
}
