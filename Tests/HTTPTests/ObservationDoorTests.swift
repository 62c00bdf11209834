import HTTP
import Synchronization
import TestKit
import Testing
import Vocabulary

@Suite("A door for those who watch")
struct ObservationDoorTests {
  private func withDoor(
    isReady: @escaping @Sendable () -> Bool = { true }, _ body: (HTTPClient) throws -> Void
  ) throws {
    let door = try ObservationDoor(
      HostPort(host: "127.0.0.1", port: 0), metrics: { "retrain_test 1\n" }, isReady: isReady)
    defer { door.close() }
    try body(try #require(HTTPClient(port: Int(door.address.port))))
  }

  @Test("it answers metrics and health, and nothing else")
  func routes() throws {
    try withDoor { client in
      let metrics = try #require(client.get("/metrics"))
      #expect(metrics.status == 200)
      #expect(metrics.text == "retrain_test 1\n")
      #expect(metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
      for path in ["/healthz", "/v2/health/live"] {
        #expect(client.get(path)?.text == #"{"live":true}"#, "\(path)")
      }
      #expect(client.get("/v2/models")?.status == 404)
      #expect(client.get("/metrics/x")?.status == 404)
      #expect(client.request("HEAD", "/metrics")?.status == 200)
      let refusal = try #require(client.post("/metrics", ""))
      #expect(refusal.status == 405)
      #expect(refusal.headers["allow"] == "GET, HEAD")
    }
  }

  @Test("whether the process does its work is asked each time")
  func readiness() throws {
    let isReady = Mutex(false)
    try withDoor(isReady: { isReady.withLock { $0 } }) { client in
      #expect(client.get("/v2/health/ready").map { [$0.status, $0.text == #"{"ready":false}"# ? 1 : 0] } == [503, 1])
      isReady.withLock { $0 = true }
      #expect(client.get("/v2/health/ready")?.status == 200)
      #expect(client.get("/healthz")?.status == 200)
    }
  }

  @Test("an address that is taken is told")
  func taken() throws {
    let first = try ObservationDoor(HostPort(host: "127.0.0.1", port: 0), metrics: { "" }, isReady: { true })
    defer { first.close() }
    let error = #expect(throws: HTTPError.self) {
      try ObservationDoor(first.address, metrics: { "" }, isReady: { true }).close()
    }
    #expect(error?.code == .addressInUse)
  }
}
