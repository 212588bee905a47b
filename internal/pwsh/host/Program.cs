// The PowerShell host of mm. Its source is embedded in mm and compiled by the user's own pwsh; see ../doc.go and ../frame.
using System;
using System.Globalization;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace MM;

/// <summary>Entry point, and the loop that reads requests. It runs on the main thread for the process's whole life.</summary>
public static class Program
{
    const int Protocol = 1;

    /// <summary>Connects to mm's socket, opens the session, says hello and serves until the socket ends.</summary>
    public static void Run(string socket, string culture)
    {
        var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        connection.Connect(new UnixDomainSocketEndPoint(socket));
        var outbox = new Outbox(connection);
        var session = new Session(outbox, Culture(culture));
        outbox.Send(json =>
        {
            json.WriteString("op", "hello");
            json.WriteNumber("protocol", Protocol);
            json.WriteNumber("pid", Environment.ProcessId);
            json.WriteString("ps", PowerShellVersion());
            json.WriteString("clr", RuntimeInformation.FrameworkDescription);
        });
        var analyzer = new Analyzer(session, outbox);
        var inbox = new Inbox(connection);
        for (;;)
        {
            byte[] frame = inbox.Next();
            if (frame == null) Native.EndGroup();
            Take(frame, session, analyzer, outbox);
        }
    }

    /// <summary>The culture of that name; the invariant one where the system has no data of others (containers without ICU).
    /// </summary>
    static CultureInfo Culture(string name)
    {
        try { return CultureInfo.GetCultureInfo(name); }
        catch (CultureNotFoundException) { return CultureInfo.InvariantCulture; }
    }

    static void Take(byte[] frame, Session session, Analyzer analyzer, Outbox outbox)
    {
        string id = "";
        try
        {
            Request request = Request.Parse(frame);
            id = request.Id;
            switch (request.Op)
            {
                case "invoke":
                case "call":
                    if (!session.Start(request)) outbox.Error(id, "busy", "another command runs");
                    break;
                case "cancel": session.Cancel(id); break;
                case "analyze":
                    if (!analyzer.Start(id, request.Script)) outbox.Error(id, "busy", "too many scripts wait for analysis");
                    break;
                case "ping": outbox.Pong(id, session.Busy); break;
                case "collect": session.Collect(); break;
                case "shutdown": Native.Exit(0); break;
                default: outbox.Error(id, "bad_op", "unknown op"); break;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException)
        {
            outbox.Error(id.Length > 0 ? id : Request.IdOf(frame), "bad_json", e.Message);
        }
        catch (Exception e)
        {
            outbox.Error(id, "internal", e.Message);
        }
    }

    static string PowerShellVersion()
    {
        string version = typeof(System.Management.Automation.PSObject).Assembly
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        int space = version.IndexOfAny(new[] { ' ', '+' });
        return space < 0 ? version : version.Substring(0, space);
    }
}

/// <summary>What only the C library can do.</summary>
static class Native
{
    [DllImport("libc", EntryPoint = "kill")] static extern int Kill(int pid, int signal);
    [DllImport("libc", EntryPoint = "_exit")] static extern void ExitNow(int status);

    /// <summary>Kills the own process group, native children included, and does not return. mm starts every host as the leader
    /// of a group, so nobody else is in it.</summary>
    public static void EndGroup()
    {
        Kill(0, 9);
        ExitNow(1);
    }

    /// <summary>Ends the process without waiting for threads or finalizers, which a user's code may hold up.</summary>
    public static void Exit(int status) => ExitNow(status);
}
