import CMicrohttpd
import Glibc
import Synchronization

/// What the library calls: collects bodies, asks the handler, queues answers. Any polling thread; shared by all of them.
final class RequestHandling: Sendable {
  private let handler: @Sendable (HTTPRequest) -> HTTPResponse
  private let bodyBytesMax: Int
  /// Requests begun and not completed, event streams included.
  let inFlight = Atomic<Int>(0)
  let isStopping = Atomic<Bool>(false)
  private let streams = Mutex<[ObjectIdentifier: EventStream]>([:])

  init(bodyBytesMax: Int, handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse) {
    self.bodyBytesMax = bodyBytesMax
    self.handler = handler
  }

  /// The library calls once with nothing, then for each piece of the body, then to answer.
  func handle(
    _ connection: OpaquePointer, path: UnsafePointer<CChar>, method: UnsafePointer<CChar>,
    piece: UnsafePointer<CChar>?, pieceBytes: UnsafeMutablePointer<Int>,
    slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) -> MHD_Result {
    guard let pointer = slot.pointee else {
      let state = RequestState(method: HTTPMethod(method), bytesMax: bodyBytesMax)
      slot.pointee = Unmanaged.passRetained(state).toOpaque()
      inFlight.add(1, ordering: .relaxed)
      if let announced = MHD_lookup_connection_value(connection, .HEADER_KIND, "Content-Length"),
        !state.announce(Int(clamping: strtoull(announced, nil, 10)))
      {
        return refuseBody(state, connection)
      }
      return .YES
    }
    let state = Unmanaged<RequestState>.fromOpaque(pointer).takeUnretainedValue()
    if pieceBytes.pointee > 0 {
      state.append(UnsafeRawBufferPointer(start: piece, count: pieceBytes.pointee))
      pieceBytes.pointee = 0
      return .YES
    }
    if state.isAnswered { return .YES }
    if state.isTooLarge { return refuseBody(state, connection) }
    state.isAnswered = true
    let request = HTTPRequest(
      method: state.method, path: UnsafeRawBufferPointer(start: path, count: strlen(path)), body: state.body,
      connection: connection)
    return answer(handler(request), on: connection)
  }

  func complete(_ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>) {
    guard let pointer = slot.pointee else { return }
    Unmanaged<RequestState>.fromOpaque(pointer).release()
    slot.pointee = nil
    inFlight.subtract(1, ordering: .relaxed)
  }

  /// Ends all event streams: the library must not stop with connections laid aside.
  func finishStreams() {
    for stream in streams.withLock({ Array($0.values) }) { stream.finish() }
  }

  private func refuseBody(_ state: RequestState, _ connection: OpaquePointer) -> MHD_Result {
    state.isAnswered = true
    var response = HTTPResponse(
      status: 413, body: Array(#"{"error":"the body is larger than the \#(bodyBytesMax) bytes allowed"}"#.utf8))
    response.headers = [("Connection", "close")]
    return answer(response, on: connection)
  }

  private func answer(_ response: HTTPResponse, on connection: OpaquePointer) -> MHD_Result {
    let made: OpaquePointer?
    switch response.content {
    case .bytes(let bytes):
      made = bytes.withUnsafeBytes {
        MHD_create_response_from_buffer(
          $0.count, UnsafeMutableRawPointer(mutating: $0.baseAddress), .RESPMEM_MUST_COPY)
      }
    case .events(let stream):
      made = makeStreamResponse(stream, connection)
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

  private func makeStreamResponse(_ stream: EventStream, _ connection: OpaquePointer) -> OpaquePointer? {
    let flow = Flow(stream: stream, connection: connection, handling: self)
    streams.withLock { $0[ObjectIdentifier(stream)] = stream }
    // A stop that began before the line above does not see this stream.
    if isStopping.load(ordering: .sequentiallyConsistent) { stream.finish() }
    let unknownSize = UInt64.max
    return MHD_create_response_from_callback(
      unknownSize, 4096,
      { context, _, buffer, max in
        guard let context, let buffer else { return -1 }
        let flow = Unmanaged<Flow>.fromOpaque(context).takeUnretainedValue()
        return flow.stream.read(into: buffer, max: max, connection: flow.connection)
      }, Unmanaged.passRetained(flow).toOpaque(),
      { context in
        guard let context else { return }
        let flow = Unmanaged<Flow>.fromOpaque(context).takeRetainedValue()
        flow.stream.connectionEnded()
        flow.handling.streams.withLock { $0[ObjectIdentifier(flow.stream)] = nil }
      })
  }

  /// What a streaming answer's callbacks share.
  private final class Flow {
    let stream: EventStream
    let connection: OpaquePointer
    let handling: RequestHandling
    init(stream: EventStream, connection: OpaquePointer, handling: RequestHandling) {
      self.stream = stream
      self.connection = connection
      self.handling = handling
    }
  }
}
