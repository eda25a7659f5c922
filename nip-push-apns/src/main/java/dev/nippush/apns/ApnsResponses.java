package dev.nippush.apns;

import com.eatthepath.json.JsonParser;
import dev.nippush.transport.RetryAfterHeader;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameLogger;
import io.netty.handler.codec.http2.Http2FrameLogger.Direction;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.logging.LogLevel;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * What pushy keeps to itself: of a response its status when there is no body, the body when it comes in more than one
 * frame, and {@code Retry-After}; and which stream a request has. Looks at the frames where pushy would log them, on the
 * event loop, and logs none; on the way out they get the provider token that all connections share. Remembers a response
 * only while its request is {@linkplain #expect expected}.
 */
final class ApnsResponses {

    private static final String APNS_ID = "apns-id";
    private static final String RETRY_AFTER = "retry-after";
    private static final String AUTHORIZATION = "authorization";
    private static final String BEARER = "bearer ";

    /** Apple's error bodies have about a hundred bytes. */
    private static final int LARGEST_BODY = 4_096;

    /** An interim status, which another one follows. */
    private static final int FIRST_FINAL_STATUS = 200;

    private final Map<String, Response> byRequest = new ConcurrentHashMap<>();
    private final Map<Stream, Response> byStream = new ConcurrentHashMap<>();
    private final Optional<ProviderTokens> tokens;

    /**
     * Makes one that has seen nothing.
     *
     * @param tokens what requests show; empty leaves them as they are
     */
    ApnsResponses(Optional<ProviderTokens> tokens) {
        this.tokens = tokens;
    }

    /** What came back, as far as it did. Written on the event loop, read by anyone. */
    static final class Response {
        private volatile int status;
        private volatile Optional<Duration> retryAfter = Optional.empty();
        private volatile String body = "";
        private volatile String providerToken = "";
        private volatile @Nullable Stream stream;

        /** The HTTP status; empty while there is none. */
        Optional<Integer> status() {
            return status < FIRST_FINAL_STATUS ? Optional.empty() : Optional.of(status);
        }

        /** The delay of a {@code Retry-After} header. */
        Optional<Duration> retryAfter() {
            return retryAfter;
        }

        /** The reason that the body names. */
        Optional<String> reason() {
            return field("reason", String.class);
        }

        /** The timestamp that the body names. */
        Optional<Instant> timestamp() {
            return field("timestamp", Long.class).map(Instant::ofEpochMilli);
        }

        private <T> Optional<T> field(String name, Class<T> type) {
            if (body.isBlank()) {
                return Optional.empty();
            }
            try {
                return Optional.ofNullable(
                                new JsonParser().parseJsonObject(body).get(name))
                        .filter(type::isInstance)
                        .map(type::cast);
            } catch (ParseException notJson) {
                // A front may answer with a page of its own; then the status says it all.
                return Optional.empty();
            }
        }
    }

    /** A stream of one connection. */
    private static final class Stream {
        private final ChannelHandlerContext context;
        private final int id;

        Stream(ChannelHandlerContext context, int id) {
            this.context = context;
            this.id = id;
        }

        /** Ends it without an answer, if it has not ended. On the event loop. */
        void reset() {
            if (context.handler() instanceof Http2ConnectionHandler handler
                    && handler.connection().stream(id) != null) {
                handler.resetStream(context, id, Http2Error.CANCEL.code(), context.newPromise());
                context.flush();
            }
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Stream stream
                    && stream.id == id
                    && stream.context.channel().equals(context.channel());
        }

        @Override
        public int hashCode() {
            return 31 * context.channel().hashCode() + id;
        }
    }

    /** Begins to remember the response to a request. */
    void expect(UUID id) {
        byRequest.put(id.toString(), new Response());
    }

    /** Hands out what came back so far, and remembers it no longer. */
    Response take(UUID id) {
        Response response = byRequest.remove(id.toString());
        if (response == null) {
            return new Response();
        }
        Stream stream = response.stream;
        if (stream != null) {
            byStream.remove(stream);
        }
        return response;
    }

    /**
     * Ends the stream of a request that nobody waits for any more, so that it takes no room on the connection.
     *
     * @param then called after that, on the event loop; at once if the request has no stream
     */
    void abandon(UUID id, Runnable then) {
        Response response = byRequest.get(id.toString());
        Stream stream = response == null ? null : response.stream;
        if (stream == null) {
            then.run();
            return;
        }
        try {
            stream.context.executor().execute(() -> {
                stream.reset();
                then.run();
            });
        } catch (RejectedExecutionException ended) {
            // The event loop has ended, and all its streams.
            then.run();
        }
    }

    /** Apple says that the token of this response has expired. */
    void expired(Response response) {
        tokens.ifPresent(all -> all.expired(response.providerToken));
    }

    /**
     * For the connections of one client.
     *
     * @param leaving called when the server says that it takes nothing more on a connection
     * @param lastAnswers how long such a connection waits for what the server still answers
     */
    Http2FrameLogger frames(Runnable leaving, Duration lastAnswers) {
        return new Frames(leaving, lastAnswers);
    }

    private final class Frames extends Http2FrameLogger {

        private final Runnable leaving;
        private final Duration lastAnswers;

        Frames(Runnable leaving, Duration lastAnswers) {
            super(LogLevel.TRACE, ApnsResponses.class);
            this.leaving = leaving;
            this.lastAnswers = lastAnswers;
        }

        /** Nothing is logged here: the frames hold device tokens and texts. */
        @Override
        public boolean isEnabled() {
            return false;
        }

        @Override
        public void logHeaders(
                Direction direction,
                ChannelHandlerContext context,
                int streamId,
                Http2Headers headers,
                int padding,
                boolean endStream) {
            seen(direction, new Stream(context, streamId), headers);
        }

        @Override
        public void logHeaders(
                Direction direction,
                ChannelHandlerContext context,
                int streamId,
                Http2Headers headers,
                int streamDependency,
                short weight,
                boolean exclusive,
                int padding,
                boolean endStream) {
            seen(direction, new Stream(context, streamId), headers);
        }

        @Override
        public void logData(
                Direction direction,
                ChannelHandlerContext context,
                int streamId,
                ByteBuf data,
                int padding,
                boolean endStream) {
            if (direction == Direction.INBOUND) {
                Response response = byStream.get(new Stream(context, streamId));
                if (response != null && response.body.length() + data.readableBytes() <= LARGEST_BODY) {
                    response.body += data.toString(StandardCharsets.UTF_8);
                }
            }
        }

        @Override
        public void logGoAway(
                Direction direction,
                ChannelHandlerContext context,
                int lastStreamId,
                long errorCode,
                ByteBuf debugData) {
            if (direction == Direction.INBOUND) {
                if (context.handler() instanceof Http2ConnectionHandler handler) {
                    context.pipeline()
                            .addBefore(context.name(), null, new LastAnswers(handler.connection(), lastAnswers));
                }
                leaving.run();
            }
        }
    }

    private void seen(Direction direction, Stream stream, Http2Headers headers) {
        if (direction == Direction.OUTBOUND) {
            asked(stream, headers);
            return;
        }
        Response response = byStream.get(stream);
        CharSequence status = headers.status();
        if (response != null && status != null) {
            response.retryAfter = Optional.ofNullable(headers.get(RETRY_AFTER))
                    .flatMap(value -> RetryAfterHeader.delay(value.toString(), Instant.now()));
            response.status = Integer.parseInt(status.toString());
        }
    }

    private void asked(Stream stream, Http2Headers headers) {
        CharSequence id = headers.get(APNS_ID);
        Response response = id == null ? null : byRequest.get(id.toString());
        if (response != null) {
            Stream former = response.stream;
            if (former != null) {
                byStream.remove(former);
            }
            response.stream = stream;
            byStream.put(stream, response);
        }
        tokens.map(ProviderTokens::current).ifPresent(token -> {
            headers.set(AUTHORIZATION, BEARER + token);
            if (response != null) {
                response.providerToken = token;
            }
        });
    }
}
