package dev.nippush.jdbc;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Hands everything on between its clients and a port of this machine, until it is told to be silent. */
final class SilentProxy implements AutoCloseable {

    private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final int to;
    private volatile boolean silent;

    SilentProxy(int to) throws IOException {
        this.to = to;
        start(this::accept);
    }

    int port() {
        return listening.getLocalPort();
    }

    /** From now on what is sent gets lost, and nobody is told. */
    void silence() {
        silent = true;
    }

    /** Connections that are opened from now on work. */
    void speak() {
        silent = false;
    }

    private static void start(Runnable work) {
        Thread thread = new Thread(work, "silent-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listening.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), to);
                sockets.add(client);
                sockets.add(server);
                start(() -> pump(client, server));
                start(() -> pump(server, client));
            }
        } catch (IOException closed) {
            // The end.
        }
    }

    private void pump(Socket from, Socket into) {
        byte[] buffer = new byte[8_192];
        boolean cut = false;
        try (InputStream in = from.getInputStream();
                OutputStream out = into.getOutputStream()) {
            int read = in.read(buffer);
            while (read >= 0) {
                cut |= silent;
                if (!cut) {
                    out.write(buffer, 0, read);
                    out.flush();
                }
                read = in.read(buffer);
            }
        } catch (IOException closed) {
            // So is the other side.
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
