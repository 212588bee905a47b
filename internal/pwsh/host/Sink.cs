using System;
using System.Management.Automation;

namespace MM;

/// <summary>The end of a user's pipeline: renders each object and turns it into JSON as it passes, so that an object that
/// changes later shows as it was, and keeps it for $LastResult.</summary>
[Cmdlet(VerbsCommunications.Receive, "Output")]
public sealed class Sink : PSCmdlet, IDisposable
{
    const long Runaway = 10_000_000;

    SteppablePipeline formatter;
    bool stopped;

    [Parameter(ValueFromPipeline = true)]
    public PSObject InputObject { get; set; }

    [Parameter]
    public object Capture
    {
        get => capture;
        set => capture = (Capture)(value is PSObject o ? o.BaseObject : value);
    }
    Capture capture;

    protected override void ProcessRecord()
    {
        PSObject item = InputObject;
        if (capture.Count(item) > Runaway)
        {
            capture.RunAway();
            throw new PipelineStoppedException();
        }
        if (!capture.TextWanted || item == null) return;
        if (formatter == null)
        {
            // What has no format is a line as it is, before anything that needs one. Many commands write nothing else.
            if (Unformatted(item) is string line)
            {
                capture.Append(line, true);
                return;
            }
            formatter = Formatter.Steppable(capture.Width);
            formatter.Begin(true);
        }
        if (capture.TextFull) capture.Skip(); // a format costs ten times what the rest does
        else Append(formatter.Process(item));
    }

    /// <summary>The text of an object that PowerShell prints without a format; null for others.</summary>
    static string Unformatted(PSObject item) => item.BaseObject switch
    {
        string text => item.TypeNames[0] == "System.String" ? text : null,
        int number => number.ToString(),
        long number => number.ToString(),
        _ => null,
    };

    protected override void StopProcessing() => stopped = true;

    /// <summary>Comes after the end of the pipeline, however it ended, on its thread: what the formatter holds back, such as
    /// the rows of a table whose width is not decided, is not lost.</summary>
    public void Dispose()
    {
        SteppablePipeline last = formatter;
        formatter = null;
        if (last == null) return;
        try { if (!stopped) Append(last.End()); }
        catch (RuntimeException) { }
        catch (InvalidOperationException) { }
        last.Dispose();
    }

    void Append(Array lines)
    {
        foreach (object line in lines)
            capture.Append((line is PSObject o ? o.BaseObject : line) as string ?? "", true);
    }
}
