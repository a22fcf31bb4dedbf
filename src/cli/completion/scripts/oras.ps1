# Completion of oras for PowerShell. What can come next is asked of the program itself.

Register-ArgumentCompleter -Native -CommandName 'oras' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $typed = @($commandAst.CommandElements |
            Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
            ForEach-Object { $_.Extent.Text })
    $program = $typed[0]
    $words = @($typed | Select-Object -Skip 1)
    if ($wordToComplete -eq '') {
        # An empty word gets lost on the way to a program, except in newer versions.
        $words += if ($PSVersionTable.PSVersion -lt [version]'7.3') { '""' } else { '' }
    }
    $lines = @(& $program __complete @words 2>$null)
    if ($lines.Count -lt 2 -or $lines[-1] -notmatch '^:\d+$') { return }
    $prefix = if ($wordToComplete -match '^-[^=]*=') { $Matches[0] } else { '' }
    $lines | Select-Object -SkipLast 1 | ForEach-Object {
        $value, $text = $_ -split "`t", 2
        if (-not $text) { $text = $value }
        [System.Management.Automation.CompletionResult]::new("$prefix$value", $value, 'ParameterValue', $text)
    }
}
