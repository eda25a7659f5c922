package dev.nippush.apns;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelFuture;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Exception;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class LastAnswersTest {

    private final Http2Connection connection = new DefaultHttp2Connection(false);

    @Test
    void connectionClosesWithItsLastStream() throws Http2Exception {
        EmbeddedChannel channel = channel(Duration.ofHours(1));
        open(1);
        open(3);

        ChannelFuture closed = channel.close();
        end(1);
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isTrue();
        end(3);
        channel.runPendingTasks();

        assertThat(closed.isSuccess()).isTrue();
    }

    @Test
    void connectionThatIsClosedIsNotClosedAgainWhenItsTimeIsUp() throws Http2Exception {
        EmbeddedChannel channel = channel(Duration.ZERO);
        open(1);

        ChannelFuture closed = channel.close();
        end(1);
        channel.runPendingTasks();
        channel.runScheduledPendingTasks();

        assertThat(closed.isSuccess()).isTrue();
        channel.checkException();
    }

    private EmbeddedChannel channel(Duration atMost) {
        return new EmbeddedChannel(new LastAnswers(connection, atMost));
    }

    private void open(int stream) throws Http2Exception {
        connection.local().createStream(stream, false);
    }

    private void end(int stream) {
        connection.stream(stream).close();
    }
}
