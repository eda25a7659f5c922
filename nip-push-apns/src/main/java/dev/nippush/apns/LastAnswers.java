package dev.nippush.apns;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2Stream;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Keeps a connection on which the server has sent GOAWAY until the streams that it still serves have ended (RFC 9113,
 * section 6.8). pushy would close it at once, and leave open what became of them. Lives on the event loop.
 */
final class LastAnswers extends ChannelOutboundHandlerAdapter {

    private final Http2Connection connection;
    private final Duration atMost;

    LastAnswers(Http2Connection connection, Duration atMost) {
        this.connection = connection;
        this.atMost = atMost;
    }

    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
        if (connection.numActiveStreams() == 0) {
            context.close(promise);
            return;
        }
        connection.addListener(new Http2ConnectionAdapter() {
            @Override
            public void onStreamRemoved(Http2Stream stream) {
                if (connection.numActiveStreams() == 0) {
                    // In a turn of its own: what ended the stream is still at work.
                    context.executor().execute(() -> closeOnce(context, promise));
                }
            }
        });
        context.executor().schedule(() -> closeOnce(context, promise), atMost.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** The last stream may have ended, and the time be up, too; netty refuses a promise that was kept. */
    private static void closeOnce(ChannelHandlerContext context, ChannelPromise promise) {
        if (!promise.isDone()) {
            context.close(promise);
        }
    }
}
