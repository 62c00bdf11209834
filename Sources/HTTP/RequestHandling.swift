import CMicrohttpd
import Glibc
import Synchronization
import Vocabulary

/// What the library calls: looks at heads, collects bodies, asks the handler, queues answers. Any polling thread; shared by
/// all of them.
final class RequestHandling: Sendable {
  private let handler: @Sendable (HTTPRequest) -> HTTPResponse
  private let tell: @Sendable (HTTPEvent) -> Void
  private let gate: (@Sendable (HTTPRequest) -> HTTPRefusal?)?
  private let limits: HTTPLimits
  /// Whether what goes over a connection is the library's to cipher.
  private let isSecure: Bool
  private let budget: BodyBudget
  /// Of the threads that poll.
  let bells: PollingBells
  let doorkeeper: Doorkeeper
  let lane: SlowLane
  /// Requests begun and not completed.
  let inFlight = Atomic<Int>(0)
  let isStopping = Atomic<Bool>(false)

  init(
    limits: HTTPLimits, isSecure: Bool = false, tell: @escaping @Sendable (HTTPEvent) -> Void,
    gate: (@Sendable (HTTPRequest) -> HTTPRefusal?)? = nil,
    handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse
  ) {
    self.limits = limits
    self.isSecure = isSecure
    self.tell = tell
    self.gate = gate
    self.handler = handler
    budget = BodyBudget(bytesMax: limits.bodiesBytesMax)
    let patience = limits.requestTimeout
    let bells = PollingBells()
    self.bells = bells
    let lane = SlowLane(waitMax: limits.queueTimeout, bells: bells, tell: tell) { job in
      // Whoever is here for that long is ended by the doorkeeper: nobody reads the answer.
      guard job.state.visitor.current.since.duration(to: .now) < patience else { return HTTPRefusal.busy.response }
      return Self.ask(handler, job.state, isDeferred: true, job.connection)
    }
    self.lane = lane
    doorkeeper = Doorkeeper(limits: limits, tell: tell, eachLook: { lane.shed() })
  }

  // MARK: Connections

  func connected(_ connection: OpaquePointer, _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>) {
    let visitor = Visitor(connection, isSecure: isSecure)
    slot.pointee = Unmanaged.passRetained(visitor).toOpaque()
    doorkeeper.admit(visitor)
  }

  func disconnected(_ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>) {
    guard let pointer = slot.pointee else { return }
    doorkeeper.leave(Unmanaged<Visitor>.fromOpaque(pointer).takeRetainedValue())
    slot.pointee = nil
  }

  // MARK: Requests

  /// The library calls once with nothing, then for each piece of the body, then to answer; after the slow lane once more.
  func handle(
    _ connection: OpaquePointer, target: UnsafePointer<CChar>, method: UnsafePointer<CChar>,
    version: UnsafePointer<CChar>, piece: UnsafePointer<CChar>?, pieceBytes: UnsafeMutablePointer<Int>,
    slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) -> MHD_Result {
    guard let pointer = slot.pointee else {
      return begin(connection, target: target, method: HTTPMethod(method), version: version, slot: slot)
    }
    let state = Unmanaged<RequestState>.fromOpaque(pointer).takeUnretainedValue()
    if pieceBytes.pointee > 0 {
      state.append(UnsafeRawBufferPointer(start: piece, count: pieceBytes.pointee))
      pieceBytes.pointee = 0
      return state.received <= limits.drainBytesMax ? .YES : giveUp(state)
    }
    if state.isAnswered { return .YES }
    if let reply = state.reply { return answer(reply, state, on: connection) }
    if let refusal = state.refusal { return refuse(refusal, state, on: connection) }
    state.visitor.move(to: .answering)
    let reply = Self.ask(handler, state, isDeferred: false, connection)
    if case .later = reply.content {
      MHD_suspend_connection(connection)
      if !lane.put(SlowLane.Job(state: state, connection: connection)) {
        state.reply = HTTPRefusal.busy.response
        MHD_resume_connection(connection)
        bells.ring()
      }
      return .YES
    }
    return answer(reply, state, on: connection)
  }

  func complete(_ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>) {
    guard let pointer = slot.pointee else { return }
    let state = Unmanaged<RequestState>.fromOpaque(pointer).takeRetainedValue()
    state.visitor.move(to: .waiting)
    slot.pointee = nil
    inFlight.subtract(1, ordering: .relaxed)
  }

  /// Waits until none is in flight.
  func waitForRequests(until deadline: Deadline) {
    while inFlight.load(ordering: .relaxed) > 0, !deadline.hasPassed { usleep(1000) }
  }

  private func begin(
    _ connection: OpaquePointer, target: UnsafePointer<CChar>, method: HTTPMethod, version: UnsafePointer<CChar>,
    slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) -> MHD_Result {
    guard let visitor = retrain_http_visitor(connection) else { return .NO }
    var head: RequestHead?
    var path: RequestTarget?
    var refusal: HTTPRefusal?
    do {
      head = try RequestHead(connection, version: version, limits: limits)
      path = try RequestTarget(target, method: method)
      if let length = head?.contentLength, length > limits.bodyBytesMax {
        throw HTTPRefusal.tooLarge(limits.bodyBytesMax)
      }
      if let gate, let path,
        let refused = path.withBytes({ path in
          gate(
            HTTPRequest(
              method: method, path: path, body: UnsafeRawBufferPointer(start: nil, count: 0), isDeferred: false,
              connection: connection))
        })
      {
        throw refused
      }
    } catch {
      refusal = error as? HTTPRefusal ?? .malformed("the request is not understood")
    }
    let state = RequestState(
      method: method, target: path, announced: head?.contentLength,
      visitor: Unmanaged<Visitor>.fromOpaque(visitor).takeUnretainedValue(), limits: limits, budget: budget)
    slot.pointee = Unmanaged.passRetained(state).toOpaque()
    inFlight.add(1, ordering: .relaxed)
    let length = head?.contentLength ?? 0
    if length > 0 || head?.isChunked == true { state.visitor.move(to: .receiving) }
    guard var refusal else { return .YES }
    // The body is read to its end where that is near and known: a client that still writes would not get to read why.
    if refusal.endsConnection || head?.expectsContinue == true || length > limits.drainBytesMax {
      refusal.endsConnection = true
      return refuse(refusal, state, on: connection)
    }
    state.refuse(refusal)
    return .YES
  }

  private static func ask(
    _ handler: (HTTPRequest) -> HTTPResponse, _ state: RequestState, isDeferred: Bool, _ connection: OpaquePointer
  ) -> HTTPResponse {
    guard let target = state.target else { return HTTPRefusal.malformed("the request has no target").response }
    return target.withBytes {
      handler(
        HTTPRequest(
          method: state.method, path: $0, body: state.body, isDeferred: isDeferred, connection: connection))
    }
  }

  private func refuse(_ refusal: HTTPRefusal, _ state: RequestState, on connection: OpaquePointer) -> MHD_Result {
    tell(.refused(status: refusal.status))
    return answer(refusal.response, state, on: connection)
  }

  /// A body that has no end: the library takes no answer in its middle.
  private func giveUp(_ state: RequestState) -> MHD_Result {
    let refusal = state.refusal ?? .tooLarge(limits.bodyBytesMax)
    tell(.refused(status: refusal.status))
    state.visitor.end(ifStill: state.visitor.current, saying: refusal.wire)
    return .NO
  }

  private func answer(_ response: HTTPResponse, _ state: RequestState, on connection: OpaquePointer) -> MHD_Result {
    state.isAnswered = true
    state.reply = nil
    var response = response
    if case .bytes(let bytes) = response.content, !state.hold(reply: bytes.count) {
      response = HTTPRefusal.crowded.response
      tell(.refused(status: response.status))
    }
    let made: OpaquePointer?
    switch response.content {
    case .bytes(let bytes):
      made = bytes.withUnsafeBytes {
        MHD_create_response_from_buffer(
          $0.count, UnsafeMutableRawPointer(mutating: $0.baseAddress), .RESPMEM_MUST_COPY)
      }
    case .later: preconditionFailure("a request on the slow lane was asked to go there")
    }
    guard let made else { return .NO }
    defer { MHD_destroy_response(made) }
    response.contentType.withUTF8Buffer {
      // A static string ends with a zero byte.
      $0.withMemoryRebound(to: CChar.self) { _ = MHD_add_response_header(made, "Content-Type", $0.baseAddress) }
    }
    for (name, value) in response.headers { _ = MHD_add_response_header(made, name, value) }
    if isStopping.load(ordering: .relaxed) { _ = MHD_add_response_header(made, "Connection", "close") }
    return MHD_queue_response(connection, UInt32(response.status), made)
  }
}
