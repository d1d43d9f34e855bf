/** An answer of the admin interface: an HTTP status and a JSON body. */
export interface AdminAnswer {
  readonly status: number
  readonly body: unknown
}

/** What the admin interface can do; the program that it belongs to does it. */
export interface AdminActions {
  /** False while requests are refused: no endpoint is ready, or the program is shutting down. */
  ready(): boolean
  /** Prometheus text and its media type. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>
  endpoints(): AdminAnswer
  addEndpoint(settings: unknown): AdminAnswer
  removeEndpoint(id: string): AdminAnswer
  drainEndpoint(id: string): AdminAnswer
  /** The last decisions, newest first, at most `limit`. */
  decisions(limit: number): AdminAnswer
  /** The ranking for a request body that is posted to `path`, without sending it. */
  explain(
    path: string | undefined,
    body: Buffer,
    headers: Readonly<Record<string, string | undefined>>,
  ): Promise<AdminAnswer>
}
